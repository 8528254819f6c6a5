import Model

extension API {
    /// `/api/v1/status/self_metrics`: what the server counts about itself, as JSON. `metric_name_pattern` is a regular
    /// expression, anchored at both ends, of the names wanted.
    /// - Source: protobuf's JSON notation of `io.prometheus.client.MetricFamily`.
    func selfMetrics(_ call: Call) async throws(APIError) -> Answer {
        let pattern = call.form["metric_name_pattern"]
        let expression: RegularExpression?
        do {
            expression = pattern.isEmpty ? nil : try RegularExpression(pattern)
        } catch {
            throw .invalidParameter("metric_name_pattern", "\(error)")
        }
        let registry = dependencies.registry
        let families = try await onStorageThread { registry.collect() }
        let shown = families.filter { expression?.matches($0.name) ?? true }
        return .data { out in out.appendJSONArray(shown) { $0.append($1) } }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ family: MetricFamily) {
        append("{\"name\":")
        appendJSONString(family.name)
        append(",\"help\":")
        appendJSONString(family.help)
        append(",\"type\":")
        appendJSONString(family.type == .unknown ? "UNTYPED" : family.type.rawValue.uppercased())
        append(",\"metric\":")
        switch family.type {
        case .histogram, .summary:
            appendJSONArray(grouped(family.points)) { $0.appendParts($1, isHistogram: family.type == .histogram) }
        default:
            let kind = ["counter", "gauge"].contains(family.type.rawValue) ? family.type.rawValue : "untyped"
            appendJSONArray(family.points) { out, point in
                out.appendLabelPairs(point.labels)
                out.append(",\"")
                out += kind.utf8
                out.append("\":{\"value\":")
                out.appendNumber(point.value)
                out.append("}}")
            }
        }
        append("}")
    }

    /// Begins an object with labels as a list of names and values.
    private mutating func appendLabelPairs(_ labels: Labels) {
        append("{\"label\":")
        appendJSONArray(labels) { $0.appendJSONObject([("name", $1.name), ("value", $1.value)]) }
    }

    private mutating func appendParts(_ one: (labels: Labels, parts: [MetricPoint]), isHistogram: Bool) {
        func value(_ suffix: String) -> Double { one.parts.first { $0.suffix == suffix }?.value ?? 0 }
        appendLabelPairs(one.labels)
        append(isHistogram ? ",\"histogram\":{\"sampleCount\":\"" : ",\"summary\":{\"sampleCount\":\"")
        appendDecimal(Int64(clamping: UInt64(value("_count"))))
        append("\",\"sampleSum\":")
        appendNumber(value("_sum"))
        append(isHistogram ? ",\"bucket\":" : ",\"quantile\":")
        let label = isHistogram ? "le" : "quantile"
        appendJSONArray(one.parts.filter { $0.labels[label] != nil }) { out, part in
            let bound = part.labels[label] == "+Inf" ? .infinity : Double(part.labels[label] ?? "") ?? .nan
            if isHistogram {
                out.append("{\"cumulativeCount\":\"")
                out.appendDecimal(Int64(part.value))
                out.append("\",\"upperBound\":")
            } else {
                out.append("{\"value\":")
                out.appendNumber(part.value)
                out.append(",\"quantile\":")
            }
            out.appendNumber(bound)
            out.append("}")
        }
        append("}}")
    }

    /// Appends a number; those that JSON has no notation for as text.
    private mutating func appendNumber(_ number: Double) {
        if number.isFinite { return appendFloat(number, .json) }
        append(number.isNaN ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"")
    }
}

/// Points with the same labels but for `le` and `quantile`, in the order in which they come.
private func grouped(_ points: [MetricPoint]) -> [(labels: Labels, parts: [MetricPoint])] {
    var groups: [(labels: Labels, parts: [MetricPoint])] = []
    for point in points {
        let labels = point.labels.removing(["le", "quantile"])
        if groups.last?.labels != labels { groups.append((labels, [])) }
        groups[groups.count - 1].parts.append(point)
    }
    return groups
}
