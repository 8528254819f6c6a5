import Model
import PromQL
import QueryAPI
import Scraper
import TSDB

/// What answers a query.
protocol QuerySource {
    func instant(_ expression: String, at timeMs: Int64) throws -> QueryAnswer
    func range(_ expression: String, _ range: QueryTimeRange) throws -> QueryAnswer
    /// The series that any of `match` selects and that have samples in the range, sorted.
    func series(_ match: [String], _ range: ClosedRange<Int64>) throws -> [Labels]
    /// The values that the label `name` has there, of all series where `match` is empty, sorted.
    func labelValues(_ name: String, _ match: [String], _ range: ClosedRange<Int64>) throws -> [String]
}

/// An answer, with the JSON that the HTTP API gives for it.
struct QueryAnswer {
    var value: QueryValue
    /// The native histograms of the series, by their places in the value, as text: what a server says of one does not make
    /// a histogram again.
    var histograms: [Int: [ShownSeries.Point]] = [:]
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

    func series(_ match: [String], _ range: ClosedRange<Int64>) throws -> [Labels] {
        let selectors = try Selection.parse(match)
        let querier = try database.querier(minTime: range.lowerBound, maxTime: range.upperBound)
        defer { querier.close() }
        return try querier.series(selectors, limit: 0)
    }

    func labelValues(_ name: String, _ match: [String], _ range: ClosedRange<Int64>) throws -> [String] {
        let selectors = try Selection.parse(match)
        let querier = try database.querier(minTime: range.lowerBound, maxTime: range.upperBound)
        defer { querier.close() }
        return try querier.labelValues(name, selectors, limit: 0)
    }

    private func answer(_ result: QueryResult) -> QueryAnswer {
        for problem in database.takeProblems() { writeToStandardError("tsdb: \(problem)\n") }
        return QueryAnswer(
            value: result.value, histograms: histograms(result.value),
            notices: result.warnings + result.infos,
            json: String(decoding: encodeAnswer(result), as: UTF8.self))
    }
}

private func histograms(_ value: QueryValue) -> [Int: [ShownSeries.Point]] {
    let points: [[(Int64, Histogram)]] =
        switch value {
        case .scalar, .string: []
        case .vector(let samples): samples.map { one in one.histogram.map { [(one.timestampMs, $0)] } ?? [] }
        case .matrix(let series): series.map { $0.histograms.map { ($0.timestampMs, $0.histogram) } }
        }
    let texts = points.map { points in
        points.map { time, one in
            let text = histogramText(count: one.count, sum: one.sum, buckets: one.populatedBuckets)
            return ShownSeries.Point(timestampMs: time, text: text)
        }
    }
    return Dictionary(uniqueKeysWithValues: texts.enumerated().filter { !$1.isEmpty }.map { ($0, $1) })
}

/// A running server.
struct ServerSource: QuerySource {
    let url: String
    let timeoutMs: Int64
    var settings = HTTPSettings()

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

    func series(_ match: [String], _ range: ClosedRange<Int64>) throws -> [Labels] {
        let form = selection(match, range)
        let all: [[String: String]] = try list { base in
            try HTTPClient.post(
                "\(base)/api/v1/series", form: form, timeoutSeconds: timeoutSeconds, settings: settings)
        }
        return all.map { Labels($0.map { (name: $0.key, value: $0.value) }) }.sorted()
    }

    func labelValues(_ name: String, _ match: [String], _ range: ClosedRange<Int64>) throws -> [String] {
        let form = selection(match, range).map { "\($0.0)=\(HTTPClient.percentEncoded($0.1))" }
        let query = form.isEmpty ? "" : "?" + form.joined(separator: "&")
        // A name that could not stand in a path is written as Prometheus writes it there.
        let isPlain = isLegacyLabelName(name) && !name.hasPrefix("U__")
        let place = isPlain ? name : valuesEscapedName(name)
        return try list { base in
            try HTTPClient.get(
                "\(base)/api/v1/label/\(place)/values\(query)", timeoutSeconds: timeoutSeconds, settings: settings)
        }
    }

    private var timeoutSeconds: Int { Int(timeoutMs / 1000) + 5 }

    private var base: String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    private func selection(_ match: [String], _ range: ClosedRange<Int64>) -> [(String, String)] {
        match.map { ("match[]", $0) } + (range.lowerBound == .min ? [] : [("start", seconds(range.lowerBound))])
            + (range.upperBound == .max ? [] : [("end", seconds(range.upperBound))])
    }

    private func list<Element: Decodable>(_ ask: (String) throws -> HTTPClient.Response) throws -> [Element] {
        let response = try ask(base)
        guard let answer = ServerList<Element>(response.body) else { throw noAnswer(response) }
        if let error = answer.error { throw CommandFailure("\(answer.errorType ?? "error"): \(error)") }
        for notice in (answer.warnings ?? []) + (answer.infos ?? []) { writeToStandardError("\(notice)\n") }
        return answer.data ?? []
    }

    private func noAnswer(_ response: HTTPClient.Response) -> CommandFailure {
        let start = String(decoding: response.body.prefix(200), as: UTF8.self)
        return CommandFailure(
            "\(withoutPassword(base)) answered HTTP \(response.status) with no Prometheus JSON: \(start)")
    }

    private func ask(_ endpoint: String, _ form: [(String, String)]) throws -> QueryAnswer {
        let response = try HTTPClient.post(
            "\(base)/api/v1/\(endpoint)", form: form + [("timeout", PrometheusDuration.format(timeoutMs))],
            timeoutSeconds: timeoutSeconds, settings: settings)
        guard let answer = ServerAnswer(response.body) else { throw noAnswer(response) }
        if let error = answer.error { throw CommandFailure("\(answer.errorType ?? "error"): \(error)") }
        guard let value = answer.value else {
            throw CommandFailure("\(withoutPassword(base)) answered without a result")
        }
        return QueryAnswer(
            value: value, histograms: answer.histograms, notices: (answer.warnings ?? []) + (answer.infos ?? []),
            json: String(decoding: response.body, as: UTF8.self))
    }
}
