import Model

/// Lines as VictoriaMetrics' `/api/v1/export` writes them: `{"metric":{…},"values":[…],"timestamps":[…]}`.
///
/// Infinities are `"Infinity"` and `"-Infinity"`, staleness markers `null`, and what is not a number `"NaN"`. A native
/// histogram is an object with everything that is stored of it.
struct JSONLinesWriter: ExportWriter {
    mutating func begin(_ text: inout [UInt8]) {}
    mutating func end(_ text: inout [UInt8]) {}
    var notice: String? { nil }

    mutating func write(_ labels: Labels, _ samples: SampleBuffer, _ range: Range<Int>, _ text: inout [UInt8]) {
        text += Array("{\"metric\":\(jsonObject(labels)),\"values\":[".utf8)
        var histograms = samples.histograms.drop { $0.index < range.lowerBound }
        for index in range {
            if index > range.lowerBound { text.append(UInt8(ascii: ",")) }
            if let next = histograms.first, next.index == index {
                text.appendJSON(next.histogram)
                histograms = histograms.dropFirst()
            } else {
                text.appendJSON(samples.values[index])
            }
        }
        text += Array("],\"timestamps\":[".utf8)
        for index in range {
            if index > range.lowerBound { text.append(UInt8(ascii: ",")) }
            text.appendDecimal(samples.timestamps[index])
        }
        text += Array("]}\n".utf8)
    }
}

extension [UInt8] {
    fileprivate mutating func appendJSON(_ value: Double) {
        if value.isFinite { return appendFloat(value, .json) }
        if StaleMarker.isStale(value) { return append(text: "null") }
        append(text: value.isNaN ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
    }

    fileprivate mutating func appendJSON(_ histogram: Histogram) {
        if histogram.isStale { return append(text: "null") }
        append(text: "{\"schema\":\(histogram.schema),\"float\":\(histogram.isFloat)")
        append(text: ",\"counterReset\":\"\(histogram.counterReset)\"")
        for (name, value) in [
            ("count", histogram.count), ("sum", histogram.sum), ("zeroThreshold", histogram.zeroThreshold),
            ("zeroCount", histogram.zeroCount),
        ] {
            append(text: ",\"\(name)\":")
            appendJSON(value)
        }
        appendSpans("positive", histogram.positiveSpans, histogram.positiveBuckets)
        appendSpans("negative", histogram.negativeSpans, histogram.negativeBuckets)
        if histogram.hasCustomBuckets { appendList("customValues", histogram.customValues) }
        append(text: "}")
    }

    private mutating func appendSpans(_ name: String, _ spans: [Histogram.Span], _ buckets: [Double]) {
        let pairs = spans.map { "[\($0.offset),\($0.length)]" }.joined(separator: ",")
        append(text: ",\"\(name)Spans\":[\(pairs)]")
        appendList("\(name)Buckets", buckets)
    }

    private mutating func appendList(_ name: String, _ values: [Double]) {
        append(text: ",\"\(name)\":[")
        for (index, value) in values.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            appendJSON(value)
        }
        append(UInt8(ascii: "]"))
    }

    private mutating func append(text: String) { append(contentsOf: text.utf8) }
}
