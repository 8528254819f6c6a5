import Model

extension Engine {
    /// Parses an expression and evaluates it at one time; see ``instant(_:text:on:at:options:)``.
    public func instant(
        _ query: String, on storage: any Queryable, at timeMs: Int64, options: QueryOptions = QueryOptions()
    ) throws(QueryError) -> QueryResult {
        try instant(try parse(query), text: query, on: storage, at: timeMs, options: options)
    }

    /// Parses an expression and evaluates it at each step; see ``range(_:text:on:start:end:step:options:)``.
    public func range(
        _ query: String, on storage: any Queryable, start: Int64, end: Int64, step: Int64,
        options: QueryOptions = QueryOptions()
    ) throws(QueryError) -> QueryResult {
        try range(try parse(query), text: query, on: storage, start: start, end: end, step: step, options: options)
    }
}
