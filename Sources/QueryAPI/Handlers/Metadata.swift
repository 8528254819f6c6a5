import Model

extension API {
    /// `/api/v1/metadata`: type, help and unit of metrics.
    func metadata(_ call: Call) async throws(APIError) -> Answer {
        let limit = try number(call.form, "limit", orMore: 0)
        let perMetric = try number(call.form, "limit_per_metric", orMore: 1)
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

    /// nil where the parameter is missing or below `least`: no limit.
    func number(_ form: Form, _ name: String, orMore least: Int) throws(APIError) -> Int? {
        if form[name].isEmpty { return nil }
        guard let count = Int(form[name]) else { throw .badData("\(name) must be a number") }
        return count >= least ? count : nil
    }
}
