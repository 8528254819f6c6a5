import HTTPTypes
import Model
import PromQL

/// What the endpoints for names and series select by.
private struct Selection: Sendable {
    let minTime: Int64
    let maxTime: Int64
    let selectors: [[Matcher]]
    let limit: Int?

    /// The most that is asked of the store: one more than is wanted tells that there is more.
    var fetchLimit: Int { limit.map { $0 < Int.max ? $0 + 1 : 0 } ?? 0 }

    func truncate<Element>(_ list: [Element]) -> (ArraySlice<Element>, [String]) {
        guard let limit, list.count > limit else { return (list[...], []) }
        return (list.prefix(limit), [truncationWarning])
    }
}

extension API {
    /// `/api/v1/labels`: names of labels.
    func labelNames(_ call: Call) async throws(APIError) -> Answer {
        let selection = try selection(call.form)
        let names = try await read(selection, else: []) { (querier) throws(StorageError) in
            try querier.labelNames(selection.selectors, limit: selection.fetchLimit)
        }
        return namesAnswer(selection.truncate(names))
    }

    /// `/api/v1/label/:name/values`: values of one label.
    func labelValues(_ call: Call) async throws(APIError) -> Answer {
        let name = unescapedLabelName(call.pathParameter)
        // U+FFFD stands for bytes that are no UTF-8; a name cannot hold them.
        guard !name.isEmpty, !name.unicodeScalars.contains("\u{FFFD}") else {
            throw .badData("invalid label name: \(quoted(name))")
        }
        let selection = try selection(call.form)
        let values = try await read(selection, else: []) { (querier) throws(StorageError) in
            try querier.labelValues(name, selection.selectors, limit: selection.fetchLimit)
        }
        return namesAnswer(selection.truncate(values))
    }

    /// `/api/v1/series`: label sets of series.
    func series(_ call: Call) async throws(APIError) -> Answer {
        if call.method == .delete { throw APIError(.internal, "not implemented") }
        try call.form.requireWhole()
        guard !call.form.all("match[]").isEmpty else { throw .badData("no match[] parameter provided") }
        let selection = try selection(call.form, matchParameter: "match[]")
        let series = try await read(selection, else: []) { (querier) throws(StorageError) in
            try querier.series(selection.selectors, limit: selection.fetchLimit)
        }
        let (shown, warnings) = selection.truncate(series)
        let body = ListAnswer(shown, warnings: warnings) { $0.appendJSONLabels($1) }
        return Answer(contentType: Answer.json, body: .chunks(body))
    }

    /// - Parameter matchParameter: how messages name the parameter of a selector that cannot be read; nil: not at all.
    private func selection(_ form: Form, matchParameter: String? = nil) throws(APIError) -> Selection {
        let limit = try form.limit()
        let start = try form.time("start")
        let end = try form.time("end")
        var selectors: [[Matcher]] = []
        for text in form.all("match[]") {
            selectors.append(try selector(text, matchParameter))
        }
        return Selection(
            minTime: start ?? TimeBounds.min, maxTime: end ?? TimeBounds.max, selectors: selectors, limit: limit)
    }

    func selector(_ text: String, _ parameter: String?) throws(APIError) -> [Matcher] {
        do throws(QueryError) {
            return try parseSelector(text)
        } catch {
            throw APIError(error, parameter: parameter)
        }
    }

    /// Runs `body` on a view of the selection's times; gives `empty` where these are none.
    private func read<Value: Sendable>(
        _ selection: Selection, else empty: Value,
        _ body: @escaping @Sendable (any Querier) throws(StorageError) -> Value
    ) async throws(APIError) -> Value {
        guard selection.minTime <= selection.maxTime else { return empty }
        let queryable = dependencies.queryable
        return try await onStorageThread { () throws(StorageError) in
            let querier = try queryable.querier(minTime: selection.minTime, maxTime: selection.maxTime)
            defer { querier.close() }
            return try body(querier)
        }
    }

    private func namesAnswer(_ names: (ArraySlice<String>, [String])) -> Answer {
        let body = ListAnswer(names.0, warnings: names.1) { $0.appendJSONString($1) }
        return Answer(contentType: Answer.json, body: .chunks(body))
    }
}
