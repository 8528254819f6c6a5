import Model

@testable import PromQL

/// The most values that one repetition may stand for.
private let repetitionsMax = 1_000_000

/// Where the metric at the start of a series' line ends: after its braces, or after its name where it has none.
func metricEnd(_ line: Substring) -> Substring.Index {
    var quote: Character?
    var index = line.startIndex
    var isInBraces = false
    while index < line.endIndex {
        let character = line[index]
        if let open = quote {
            if character == "\\" { index = line.index(after: index) }
            if character == open { quote = nil }
        } else if isInBraces, character == "\"" || character == "'" || character == "`" {
            quote = character
        } else if character == "{" {
            isInBraces = true
        } else if character == "}" {
            return line.index(after: index)
        } else if !isInBraces, character == " " || character == "\t" {
            return index
        }
        if index < line.endIndex { index = line.index(after: index) }
    }
    return line.endIndex
}

/// The labels of a metric such as `foo{a="b"}`; nil where it is none.
func metricLabels(_ text: Substring) -> Labels? {
    guard var parser = try? Parser(String(text)), let selector = try? parser.parseVectorSelector(),
        (try? parser.expectEnd()) != nil, selector.matchers.allSatisfy({ $0.op == .equal })
    else { return nil }
    return Labels(selector.matchers.map { (name: $0.name, value: $0.value) })
}

/// The values that a line of the series notation stands for; nil where it is not one.
func seriesValues(_ text: Substring) -> [TestScript.Value?]? {
    var values: [TestScript.Value?] = []
    for item in seriesItems(text) {
        guard let more = item.hasPrefix("{{") ? histogramItem(item) : floatItem(item) else { return nil }
        values += more
    }
    return values
}

/// The items between spaces; those within double braces do not separate.
private func seriesItems(_ text: Substring) -> [Substring] {
    var items: [Substring] = []
    var rest = trimmed(text)
    while !rest.isEmpty {
        var depth = 0
        let end = rest.firstIndex { character in
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            return depth == 0 && (character == " " || character == "\t")
        }
        items.append(rest[..<(end ?? rest.endIndex)])
        rest = trimmed(rest[(end ?? rest.endIndex)...])
    }
    return items
}

/// `_`, `_x3`, `5`, `stale`, `5x3` (four times 5) or `1+2x3` (1 3 5 7).
private func floatItem(_ item: Substring) -> [TestScript.Value?]? {
    if item == "_" { return [nil] }
    if item.hasPrefix("_x") {
        guard let count = repetitions(item.dropFirst(2)) else { return nil }
        return [TestScript.Value?](repeating: nil, count: count)
    }
    guard let (first, rest) = leadingNumber(item) else { return nil }
    if rest.isEmpty { return [.float(first)] }
    if rest.hasPrefix("x") {
        guard let count = repetitions(rest.dropFirst()) else { return nil }
        return [TestScript.Value?](repeating: .float(first), count: count + 1)
    }
    guard rest.hasPrefix("+") || rest.hasPrefix("-"), let (step, times) = leadingNumber(rest), times.hasPrefix("x"),
        let count = repetitions(times.dropFirst())
    else { return nil }
    var value = first
    return (0...count).map { _ in
        defer { value += step }
        return .float(value)
    }
}

/// How often something is repeated.
func repetitions(_ text: Substring) -> Int? {
    guard let count = Int(text), (0...repetitionsMax).contains(count) else { return nil }
    return count
}

/// A whole item that is a number; nil where it is not.
func seriesNumber(_ text: Substring) -> Double? {
    guard let (value, rest) = leadingNumber(text), rest.isEmpty else { return nil }
    return value
}

/// The number at the start of `text`, with at most one sign, and what follows it.
private func leadingNumber(_ text: Substring) -> (Double, Substring)? {
    var rest = text
    let isNegative = rest.hasPrefix("-")
    if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
    for (word, value) in [("stale", StaleMarker.value), ("inf", Double.infinity), ("nan", Double.nan)]
    where rest.prefix(word.count).lowercased() == word {
        return (isNegative && word != "stale" ? -value : value, rest.dropFirst(word.count))
    }
    var digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    var after = rest[digits.endIndex...]
    if after.first == "e" || after.first == "E" {
        var exponent = after.dropFirst()
        if exponent.first == "+" || exponent.first == "-" { exponent = exponent.dropFirst() }
        let end = exponent.firstIndex { !($0.isASCII && $0.isNumber) } ?? exponent.endIndex
        digits = rest[..<end]
        after = rest[end...]
    }
    guard let value = Double(digits) else { return nil }
    return (isNegative ? -value : value, after)
}

/// `text` without space at its ends.
func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
    return text
}

/// The first word, and what follows it without space at its start.
func firstWord(_ text: Substring) -> (word: Substring, rest: Substring) {
    let text = trimmed(text)
    let end = text.firstIndex { $0 == " " || $0 == "\t" } ?? text.endIndex
    return (text[..<end], trimmed(text[end...]))
}
