import Model

extension API {
    /// `/api/v1/scrape_pools/config`: a job's configuration.
    func scrapePoolConfiguration(_ call: Call) async throws(APIError) -> Answer {
        let pool = call.form["scrapePool"]
        guard let yaml = dependencies.targets.configuration(ofPool: pool) else { throw unknownPool(pool) }
        return .data { $0.appendJSONObject([("yaml", yaml)]) }
    }

    /// `/api/v1/targets/metadata`: what the targets' pages say of their metrics.
    func targetMetadata(_ call: Call) async throws(APIError) -> Answer {
        let limit = try number(call.form, "limit", orMore: 0)
        let text = call.form["match_target"]
        let matchers = text.isEmpty ? [] : try selector(text, "match_target")
        let metric = call.form["metric"]
        let provider = dependencies.targets
        let all = try await onStorageThread { provider.targetMetadata(metric: metric.isEmpty ? nil : metric) }
        let wanted = all.filter { one in matchers.allSatisfy { $0.matches(one.target[$0.name] ?? "") } }
        let shown = wanted.lazy.flatMap { one in one.metadata.lazy.map { (one.target, $0) } }.prefix(limit ?? .max)
        return .data { out in
            out.appendJSONArray(shown) { out, one in
                out.append("{\"target\":")
                out.appendJSONLabels(one.0)
                // Who asks for one metric knows its name.
                let name = metric.isEmpty ? [("metric", one.1.metric)] : []
                for (key, value) in name + [("type", one.1.type.rawValue), ("help", one.1.help), ("unit", one.1.unit)] {
                    out.append(",")
                    out.appendJSONString(key)
                    out.append(":")
                    out.appendJSONString(value)
                }
                out.append("}")
            }
        }
    }

    /// `/api/v1/targets/relabel_steps`: what each rule of a job's relabelling does to labels.
    func relabelSteps(_ call: Call) async throws(APIError) -> Answer {
        let pool = call.form["scrapePool"]
        guard !pool.isEmpty else { throw .badData("no scrapePool parameter provided") }
        guard !call.form["labels"].isEmpty else { throw .badData("no labels parameter provided") }
        guard let pairs = parseStringObject(call.form["labels"]) else {
            throw .badData(
                "error parsing labels: expected a JSON object of strings such as {\"__address__\":\"a:9400\"}")
        }
        guard let steps = dependencies.targets.relabelSteps(ofPool: pool, Labels(pairs)) else {
            throw unknownPool(pool)
        }
        return .data { out in
            out.append("{\"steps\":")
            out.appendJSONArray(steps) { $0.appendStep($1) }
            out.append("}")
        }
    }

    private func unknownPool(_ pool: String) -> APIError {
        .badData("error retrieving scrape config: scrape pool \(quoted(pool)) not found")
    }
}

extension [UInt8] {
    fileprivate mutating func appendStep(_ step: RelabelStep) {
        append("{\"rule\":{")
        for (index, setting) in step.rule.enumerated() {
            if index > 0 { append(",") }
            appendJSONString(setting.name)
            append(":")
            if setting.name == "sourceLabels" {
                appendJSONArray(setting.values) { $0.appendJSONString($1) }
            } else {
                appendJSONString(setting.values.first ?? "")
            }
        }
        append("},\"output\":")
        appendJSONLabels(step.output)
        append(",\"keep\":")
        append(contentsOf: (step.isKept ? "true" : "false").utf8)
        append("}")
    }
}
