import Model

/// The page of `families` in Prometheus's text format 0.0.4.
///
/// Names that need quotes are written in the notation `{"a.b"} 1`, which readers of UTF-8 names understand.
public func writeText(_ families: [MetricFamily]) -> [UInt8] {
    var page: [UInt8] = []
    for family in families { page.appendFamily(family) }
    return page
}

extension [UInt8] {
    fileprivate mutating func appendFamily(_ family: MetricFamily) {
        let name = isLegacyMetricName(family.name) ? family.name : exposedString(family.name)
        if !family.help.isEmpty { append(text: "# HELP \(name) \(escapedHelp(family.help))\n") }
        append(text: "# TYPE \(name) \(typeName(family.type))\n")
        for point in family.points { appendPoint(family.name + point.suffix, point) }
    }

    private mutating func appendPoint(_ name: String, _ point: MetricPoint) {
        var parts: [String] = []
        if isLegacyMetricName(name) { append(text: name) } else { parts.append(exposedString(name)) }
        for label in point.labels where label.name != Labels.metricNameLabel {
            let labelName = isLegacyLabelName(label.name) ? label.name : exposedString(label.name)
            parts.append("\(labelName)=\(exposedString(label.value))")
        }
        if !parts.isEmpty { append(text: "{\(parts.joined(separator: ","))}") }
        append(UInt8(ascii: " "))
        appendFloat(point.value, .general)
        append(UInt8(ascii: "\n"))
    }

    private mutating func append(text: String) { append(contentsOf: text.utf8) }
}

/// The format knows no types beyond Prometheus's own five.
private func typeName(_ type: MetricMetadata.MetricType) -> String {
    switch type {
    case .counter, .gauge, .histogram, .summary: type.rawValue
    case .gaugehistogram: "histogram"
    case .info, .stateset: "gauge"
    case .unknown: "untyped"
    }
}

private func exposedString(_ text: String) -> String {
    "\"" + escapedHelp(text).replacing("\"", with: "\\\"") + "\""
}

private func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
}
