import Model

/// OpenMetrics with a timestamp on each line, without types, so that labels come back as they are.
struct OpenMetricsWriter: ExportWriter {
    private var staleCount = 0
    private var histogramCount = 0
    private var head: (labels: Labels, text: [UInt8])?

    mutating func begin(_ text: inout [UInt8]) {}

    mutating func write(_ labels: Labels, _ samples: SampleBuffer, _ range: Range<Int>, _ text: inout [UInt8]) {
        if head?.labels != labels { head = (labels, Self.head(labels)) }
        guard let head else { return }
        let histograms = Set(samples.histograms.lazy.map(\.index).filter { range.contains($0) })
        for index in range {
            let value = samples.values[index]
            if histograms.contains(index) {
                histogramCount += 1
            } else if StaleMarker.isStale(value) {
                staleCount += 1
            } else {
                text += head.text
                text.append(UInt8(ascii: " "))
                text.appendFloat(value, .general)
                text.append(UInt8(ascii: " "))
                text.appendSeconds(samples.timestamps[index])
                text.append(UInt8(ascii: "\n"))
            }
        }
    }

    mutating func end(_ text: inout [UInt8]) { text += Array("# EOF\n".utf8) }

    var notice: String? {
        var parts: [String] = []
        if histogramCount > 0 { parts.append("\(histogramCount) native histograms") }
        if staleCount > 0 { parts.append("\(staleCount) staleness markers") }
        if parts.isEmpty { return nil }
        return "left out \(parts.joined(separator: " and ")), which OpenMetrics cannot say; --format jsonl has them"
    }

    /// A series' name and labels.
    private static func head(_ labels: Labels) -> [UInt8] {
        var name = ""
        var parts: [String] = []
        for label in labels {
            if label.name == Labels.metricNameLabel {
                if isLegacyMetricName(label.value) {
                    name = label.value
                } else {
                    parts.insert(escaped(label.value), at: 0)
                }
            } else {
                let labelName = isLegacyLabelName(label.name) ? label.name : escaped(label.name)
                parts.append("\(labelName)=\(escaped(label.value))")
            }
        }
        return Array((parts.isEmpty ? name : "\(name){\(parts.joined(separator: ","))}").utf8)
    }

    private static func escaped(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension [UInt8] {
    /// Appends a time in milliseconds as seconds, with three places where they are needed.
    mutating func appendSeconds(_ milliseconds: Int64) {
        if milliseconds < 0 { append(UInt8(ascii: "-")) }
        let magnitude = milliseconds.magnitude
        appendDecimal(Int64(magnitude / 1000))
        var rest = magnitude % 1000
        guard rest > 0 else { return }
        append(UInt8(ascii: "."))
        var place: UInt64 = 100
        while rest > 0 {
            append(UInt8(ascii: "0") + UInt8(rest / place))
            rest %= place
            place /= 10
        }
    }
}
