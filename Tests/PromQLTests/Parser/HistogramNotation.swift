import Model

@testable import PromQL

/// A native histogram as scripts write it, `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`.
struct WrittenHistogram: Sendable, Equatable {
    var histogram = Histogram()
    /// Whether something is said about a counter reset, so that it is expected of a result too.
    var saysReset = false

    /// nil where `text` is no such thing.
    init?(_ text: Substring) {
        guard text.hasPrefix("{{"), text.hasSuffix("}}") else { return nil }
        var rest = trimmed(text.dropFirst(2).dropLast(2))
        var fields: [Substring: Substring] = [:]
        while !rest.isEmpty {
            guard let colon = rest.firstIndex(of: ":") else { return nil }
            let name = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
            let end: Substring.Index
            if rest.hasPrefix("[") {
                guard let close = rest.firstIndex(of: "]") else { return nil }
                end = rest.index(after: close)
            } else {
                end = rest.firstIndex { $0 == " " || $0 == "\t" } ?? rest.endIndex
            }
            guard fields.updateValue(rest[..<end], forKey: name) == nil else { return nil }
            rest = trimmed(rest[end...])
        }
        guard take(fields) else { return nil }
    }

    init(_ histogram: Histogram) { self.histogram = histogram }

    private mutating func take(_ fields: [Substring: Substring]) -> Bool {
        var offsets: (positive: Int32, negative: Int32) = (0, 0)
        for (name, text) in fields {
            switch name {
            case "schema":
                guard let schema = Int8(text) else { return false }
                histogram.schema = schema
            case "offset", "n_offset":
                guard let offset = Int32(text) else { return false }
                if name == "offset" { offsets.positive = offset } else { offsets.negative = offset }
            case "counter_reset_hint":
                guard let known = WrittenHistogram.resets[text] else { return false }
                histogram.counterReset = known
                saysReset = true
            case "buckets", "n_buckets", "custom_values":
                guard let numbers = numbers(text) else { return false }
                if name == "buckets" { histogram.positiveBuckets = numbers }
                if name == "n_buckets" { histogram.negativeBuckets = numbers }
                if name == "custom_values" { histogram.customValues = numbers }
            default:
                guard let number = seriesNumber(text), takeTotal(name, number) else { return false }
            }
        }
        histogram.positiveSpans = spans(offsets.positive, histogram.positiveBuckets)
        histogram.negativeSpans = spans(offsets.negative, histogram.negativeBuckets)
        return true
    }

    private static let resets: [Substring: Histogram.CounterReset] = [
        "unknown": .unknown, "reset": .reset, "not_reset": .notReset, "gauge": .gauge,
    ]

    private mutating func takeTotal(_ name: Substring, _ number: Double) -> Bool {
        switch name {
        case "sum": histogram.sum = number
        case "count": histogram.count = number
        case "z_bucket": histogram.zeroCount = number
        case "z_bucket_w": histogram.zeroThreshold = number
        default: return false
        }
        return true
    }

    private func numbers(_ text: Substring) -> [Double]? {
        guard text.hasPrefix("[") else { return nil }
        let numbers = text.dropFirst().dropLast().split(separator: " ").map { seriesNumber($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap { $0 }
    }

    private func spans(_ offset: Int32, _ buckets: [Double]) -> [Histogram.Span] {
        buckets.isEmpty ? [] : [Histogram.Span(offset: offset, length: UInt32(buckets.count))]
    }
}

/// The values that an item of double braces stands for: one, as many alike (`x3`), or a growing row (`+{{…}}x3`).
func histogramItem(_ item: Substring) -> [TestScript.Value?]? {
    guard let first = item.range(of: "}}").map({ item[..<$0.upperBound] }), let start = WrittenHistogram(first) else {
        return nil
    }
    var rest = item[first.endIndex...]
    if rest.isEmpty { return [.histogram(start)] }
    var increment: WrittenHistogram?
    let factor: Double = rest.hasPrefix("-") ? -1 : 1
    if rest.hasPrefix("+") || rest.hasPrefix("-") {
        rest = rest.dropFirst()
        guard let end = rest.range(of: "}}")?.upperBound, let step = WrittenHistogram(rest[..<end]) else { return nil }
        increment = step
        rest = rest[end...]
    }
    guard rest.hasPrefix("x"), let count = repetitions(rest.dropFirst()) else { return nil }
    var values: [TestScript.Value?] = [.histogram(start)]
    var value = start
    for _ in 0..<count {
        if let increment {
            var sum = HistogramSum(value.histogram)
            guard sum.add(increment.histogram, factor: factor) != .incompatible else { return nil }
            value.histogram = sum.histogram()
        }
        values.append(.histogram(value))
    }
    return values
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Substring.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// How far from their samples start times are, in milliseconds, as a line of them says; nil for those of which nothing is
/// known, and altogether where it is no such line: `_ _ -30s-1mx2` are nothing twice, and then −30 s, −90 s and −150 s.
func startOffsets(_ text: Substring) -> [Int64?]? {
    var result: [Int64?] = []
    for item in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
        if item == "_" {
            result.append(nil)
            continue
        }
        var rest = item
        var count = 0
        if let times = rest.lastIndex(of: "x") {
            guard let number = repetitions(rest[rest.index(after: times)...]) else { return nil }
            count = number
            rest = rest[..<times]
        }
        if rest == "_" {
            result += [Int64?](repeating: nil, count: count)
            continue
        }
        let place = rest.dropFirst().lastIndex { $0 == "+" || $0 == "-" }
        guard let first = signedDuration(rest[..<(place ?? rest.endIndex)]) else { return nil }
        guard let step = place.map({ signedDuration(rest[$0...]) }) ?? .some(0) else { return nil }
        for index in 0...count { result.append(first + Int64(index) * step) }
    }
    return result
}

private func signedDuration(_ text: Substring) -> Int64? {
    let isNegative = text.hasPrefix("-")
    let magnitude = isNegative || text.hasPrefix("+") ? text.dropFirst() : text
    guard let value = magnitude == "0" ? 0 : PrometheusDuration.parse(magnitude) else { return nil }
    return isNegative ? -value : value
}
