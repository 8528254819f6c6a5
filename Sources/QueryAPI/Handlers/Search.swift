import Model

/// A name that a search found.
private struct Found: Sendable {
    var name: String
    var score: Double
}

extension API {
    /// `/api/v1/search/metric_names`
    func searchMetricNames(_ call: Call) async throws(APIError) -> Answer {
        let request = try SearchRequest(call, self, endpoint: "metric_names")
        let withMetadata = try call.form.includesMetadata()
        let provider = dependencies.metadata
        return try await search(request) { (querier) throws(StorageError) in
            try querier.labelValues(Labels.metricNameLabel, request.selectors, limit: 0)
        } metadata: { name in
            withMetadata ? provider.metadata(metric: name)[name]?.first : nil
        }
    }

    /// `/api/v1/search/label_names`
    func searchLabelNames(_ call: Call) async throws(APIError) -> Answer {
        let request = try SearchRequest(call, self, endpoint: "label_names")
        return try await search(request) { (querier) throws(StorageError) in
            try querier.labelNames(request.selectors, limit: 0)
        }
    }

    /// `/api/v1/search/label_values`
    func searchLabelValues(_ call: Call) async throws(APIError) -> Answer {
        let request = try SearchRequest(call, self, endpoint: "label_values")
        let label = call.form["label"]
        guard !label.isEmpty else { throw .badData("missing required parameter \"label\"") }
        return try await search(request) { (querier) throws(StorageError) in
            try querier.labelValues(label, request.selectors, limit: 0)
        }
    }

    /// Answers with a line of JSON per batch of names, and one at the end that says whether there were more.
    private func search(
        _ request: SearchRequest, _ names: @escaping @Sendable (any Querier) throws(StorageError) -> [String],
        metadata: @escaping @Sendable (String) -> MetricMetadata? = { _ in nil }
    ) async throws(APIError) -> Answer {
        let queryable = dependencies.queryable
        let lines = try await onStorageThread { () throws(StorageError) in
            var all: [String] = []
            if request.minTime <= request.maxTime {
                let querier = try queryable.querier(minTime: request.minTime, maxTime: request.maxTime)
                defer { querier.close() }
                all = try names(querier)
            }
            return written(request, all, metadata)
        }
        return Answer(contentType: "application/x-ndjson; charset=utf-8", body: .bytes(lines))
    }
}

private func written(
    _ request: SearchRequest, _ names: [String], _ metadata: (String) -> MetricMetadata?
) -> [UInt8] {
    var found = names.compactMap { name in request.terms.score(name).map { Found(name: name, score: $0) } }
    switch request.order {
    case .ascending: break
    case .descending: found.reverse()
    case .score: found.sort { $0.score == $1.score ? byteOrder($0.name, $1.name) : $0.score > $1.score }
    }
    let shown = found.prefix(request.limit)
    var out: [UInt8] = []
    var start = 0
    repeat {
        out.append("{\"results\":")
        out.appendJSONArray(shown.dropFirst(start).prefix(request.batchSize)) { out, one in
            out.append(one, metadata(one.name), withScore: request.includesScore)
        }
        out.append("}\n")
        start += min(request.batchSize, shown.count - start)
    } while start < shown.count
    out += "{\"status\":\"success\",\"has_more\":\(found.count > shown.count)}\n".utf8
    return out
}

extension [UInt8] {
    fileprivate mutating func append(_ found: Found, _ metadata: MetricMetadata?, withScore: Bool) {
        append("{\"name\":")
        appendJSONString(found.name)
        if withScore {
            append(",\"score\":")
            appendFloat(found.score, .json)
        }
        for (name, value) in [("type", metadata?.type.rawValue), ("help", metadata?.help), ("unit", metadata?.unit)] {
            guard let value, !value.isEmpty else { continue }
            append(",")
            appendJSONString(name)
            append(":")
            appendJSONString(value)
        }
        append("}")
    }
}
