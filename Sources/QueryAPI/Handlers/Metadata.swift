import Model

extension API {
    /// `/api/v1/metadata`: type, help and unit of metrics.
    func metadata(_ call: Call) async throws(APIError) -> Answer {
        let limit = try count(call.form, "limit")
        let perMetric = try count(call.form, "limit_per_metric")
        let metric = call.form["metric"]
        let provider = dependencies.metadata
        let all = try await onStorageThread { provider.metadata(metric: metric.isEmpty ? nil : metric) }
        let shown = all.sorted { byteOrder($0.key, $1.key) }.prefix(limit ?? Int.max)
        return .data { out in
            out.append("{")
            for (index, entry) in shown.enumerated() {
                if index > 0 { out.append(",") }
                out.appendJSONString(entry.key)
                out.append(":")
                out.appendJSONArray(entry.value.prefix(perMetric ?? Int.max)) { out, metadata in
                    out.appendJSONObject([
                        ("type", metadata.type.rawValue), ("help", metadata.help), ("unit", metadata.unit),
                    ])
                }
            }
            out.append("}")
        }
    }

    /// nil where the parameter is missing or not above zero: no limit.
    private func count(_ form: Form, _ name: String) throws(APIError) -> Int? {
        if form[name].isEmpty { return nil }
        guard let count = Int(form[name]) else { throw .badData("\(name) must be a number") }
        return count > 0 ? count : nil
    }
}
