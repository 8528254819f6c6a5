import Model
import PromQL

extension API {
    /// `/api/v1/query_exemplars`: exemplars of the series that the query selects. There are none where the store keeps
    /// none.
    func exemplars(_ call: Call) async throws(APIError) -> Answer {
        let start = try call.form.time("start")
        let end = try call.form.time("end")
        if let start, let end, end < start { throw .badData("end timestamp must not be before start timestamp") }
        let selectors: [[Matcher]]
        do throws(QueryError) {
            selectors = try parse(call.form["query"]).selectors
        } catch {
            throw APIError(error, parameter: nil)
        }
        // A query that selects nothing, such as `1`, has no data at all.
        guard !selectors.isEmpty else { return .noContent() }
        guard let store = dependencies.exemplars else { return .data { $0.append("[]") } }
        let found = try await onStorageThread { () throws(StorageError) in
            try store.exemplars(selectors, minTime: start ?? TimeBounds.min, maxTime: end ?? TimeBounds.max)
        }
        return Answer(
            contentType: Answer.json,
            body: .chunks(
                ListAnswer(found[...], warnings: []) { out, one in
                    // The labels come first: a reader that streams needs them for what follows.
                    out.append("{\"seriesLabels\":")
                    out.appendJSONLabels(one.series)
                    out.append(",\"exemplars\":")
                    out.appendJSONArray(one.exemplars) { out, exemplar in out.appendExemplar(exemplar) }
                    out.append("}")
                }))
    }
}

extension [UInt8] {
    fileprivate mutating func appendExemplar(_ exemplar: Exemplar) {
        append("{\"labels\":")
        appendJSONLabels(exemplar.labels)
        append(",\"value\":\"")
        appendFloat(exemplar.value, .json)
        append("\",\"timestamp\":")
        appendTimestamp(exemplar.timestamp)
        append("}")
    }
}

extension Expr {
    /// The matchers of each selector in it.
    var selectors: [[Matcher]] {
        switch self {
        case .number, .duration, .string: []
        case .paren(let inner, _): inner.selectors
        case .unary(let e): e.operand.selectors
        case .binary(let e): e.lhs.selectors + e.rhs.selectors
        case .aggregate(let e): e.operand.selectors + (e.parameter?.selectors ?? [])
        case .call(let e): e.arguments.flatMap(\.selectors)
        case .vectorSelector(let e): [e.matchers]
        case .matrixSelector(let e): [e.selector.matchers]
        case .subquery(let e): e.operand.selectors
        }
    }
}
