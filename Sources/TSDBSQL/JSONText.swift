import Model

#if canImport(Glibc)
import Glibc
#endif

extension [UInt8] {
    /// Appends `bytes`, which are UTF-8, as a JSON string.
    mutating func appendJSON(_ bytes: some Sequence<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                append(contentsOf: "\\u00".utf8)
                append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends a number; one too large for JSON readers is what SQLite reads as infinite.
    mutating func appendJSON(_ number: Double) {
        if number.isNaN {
            append(contentsOf: "null".utf8)
        } else if number.isInfinite {
            append(contentsOf: (number < 0 ? "-9e999" : "9e999").utf8)
        } else {
            appendFloat(number, .json)
        }
    }
}

/// The labels but the metric's name as a JSON object.
func labelsJSON(_ labels: Labels) -> [UInt8] {
    var json = [UInt8(ascii: "{")]
    labels.forEachBytes { name, value in
        if name.elementsEqual(Labels.metricNameLabel.utf8) { return }
        if json.count > 1 { json.append(UInt8(ascii: ",")) }
        json.appendJSON(name)
        json.append(UInt8(ascii: ":"))
        json.appendJSON(value)
    }
    json.append(UInt8(ascii: "}"))
    return json
}

/// A native histogram as a JSON object: `count`, `sum`, `schema`, and `buckets` as `[lower, upper, count]` in ascending
/// order, those without observations left out.
func histogramJSON(_ histogram: Histogram) -> [UInt8] {
    var json = Array("{\"count\":".utf8)
    json.appendJSON(histogram.count)
    json.append(contentsOf: ",\"sum\":".utf8)
    json.appendJSON(histogram.sum)
    json.append(contentsOf: ",\"schema\":\(histogram.schema),\"buckets\":[".utf8)
    var isFirst = true
    for bucket in buckets(histogram) where bucket.count != 0 {
        if !isFirst { json.append(UInt8(ascii: ",")) }
        isFirst = false
        for (index, number) in [bucket.lower, bucket.upper, bucket.count].enumerated() {
            json.append(UInt8(ascii: index == 0 ? "[" : ","))
            json.appendJSON(number)
        }
        json.append(UInt8(ascii: "]"))
    }
    json.append(contentsOf: "]}".utf8)
    return json
}

private func buckets(_ histogram: Histogram) -> [(lower: Double, upper: Double, count: Double)] {
    let positive = indexed(histogram.positiveSpans, histogram.positiveBuckets).map { index, count in
        (lower: bound(histogram, index - 1), upper: bound(histogram, index), count: count)
    }
    let negative = indexed(histogram.negativeSpans, histogram.negativeBuckets).map { index, count in
        (lower: -bound(histogram, index), upper: -bound(histogram, index - 1), count: count)
    }
    let zero = (lower: -histogram.zeroThreshold, upper: histogram.zeroThreshold, count: histogram.zeroCount)
    return negative.reversed() + (histogram.hasCustomBuckets ? [] : [zero]) + positive
}

/// The buckets' indices with their counts. Spans that tell of more buckets than there are counts end with these.
private func indexed(_ spans: [Histogram.Span], _ counts: [Double]) -> [(Int, Double)] {
    var found: [(Int, Double)] = []
    var index = 0
    for span in spans {
        index += Int(span.offset)
        for _ in 0..<min(Int(span.length), counts.count - found.count) {
            found.append((index, counts[found.count]))
            index += 1
        }
    }
    return found
}

/// The upper bound of bucket `index`.
private func bound(_ histogram: Histogram, _ index: Int) -> Double {
    guard histogram.hasCustomBuckets else { return exp2(Double(index) * exp2(-Double(histogram.schema))) }
    if index < 0 { return -.infinity }
    return index < histogram.customValues.count ? histogram.customValues[index] : .infinity
}
