import Model
import PromQL
import QueryAPI
import TSDB

/// What answers a query.
protocol QuerySource {
    func instant(_ expression: String, at timeMs: Int64) throws -> QueryAnswer
    func range(_ expression: String, _ range: QueryTimeRange) throws -> QueryAnswer
}

/// An answer, with the JSON that the HTTP API gives for it.
struct QueryAnswer {
    var value: QueryValue
    var notices: [String]
    var json: String

    /// Writes warnings and infos to standard error, so that standard output stays the answer.
    func printNotices() {
        for notice in notices { writeToStandardError("\(notice)\n") }
    }
}

/// A database file, read in this process.
struct DatabaseSource: QuerySource {
    let database: Database
    let engine: Engine
    let options: QueryOptions

    init(path: String, timeoutMs: Int64) throws {
        database = try Database.openReadOnly(path)
        engine = Engine(EngineOptions())
        options = QueryOptions(timeoutMs: timeoutMs)
    }

    func instant(_ expression: String, at timeMs: Int64) throws -> QueryAnswer {
        answer(try engine.instant(expression, on: database, at: timeMs, options: options))
    }

    func range(_ expression: String, _ range: QueryTimeRange) throws -> QueryAnswer {
        answer(
            try engine.range(
                expression, on: database, start: range.start, end: range.end, step: range.step, options: options))
    }

    private func answer(_ result: QueryResult) -> QueryAnswer {
        for problem in database.takeProblems() { writeToStandardError("tsdb: \(problem)\n") }
        return QueryAnswer(
            value: result.value, notices: result.warnings + result.infos,
            json: String(decoding: encodeAnswer(result), as: UTF8.self))
    }
}

/// A running server.
struct ServerSource: QuerySource {
    let url: String
    let timeoutMs: Int64

    func instant(_ expression: String, at timeMs: Int64) throws -> QueryAnswer {
        try ask("query", [("query", expression), ("time", seconds(timeMs))])
    }

    func range(_ expression: String, _ range: QueryTimeRange) throws -> QueryAnswer {
        try ask(
            "query_range",
            [
                ("query", expression), ("start", seconds(range.start)), ("end", seconds(range.end)),
                ("step", seconds(range.step)),
            ])
    }

    private func seconds(_ milliseconds: Int64) -> String {
        formatFloat(Double(milliseconds) / 1000, .plain)
    }

    private func ask(_ endpoint: String, _ form: [(String, String)]) throws -> QueryAnswer {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let response = try HTTPClient.post(
            "\(base)/api/v1/\(endpoint)", form: form + [("timeout", PrometheusDuration.format(timeoutMs))],
            timeoutSeconds: Int(timeoutMs / 1000) + 5)
        guard let answer = ServerAnswer(response.body) else {
            let start = String(decoding: response.body.prefix(200), as: UTF8.self)
            throw CommandFailure("\(base) answered HTTP \(response.status) with no Prometheus JSON: \(start)")
        }
        if let error = answer.error { throw CommandFailure("\(answer.errorType ?? "error"): \(error)") }
        guard let value = answer.value else { throw CommandFailure("\(base) answered without a result") }
        return QueryAnswer(
            value: value, notices: (answer.warnings ?? []) + (answer.infos ?? []),
            json: String(decoding: response.body, as: UTF8.self))
    }
}
