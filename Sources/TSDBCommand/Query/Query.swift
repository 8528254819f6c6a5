import ArgumentParser
import Model
import PromQL

/// `tsdb query`: evaluates PromQL on a running server or straight on a database file.
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate PromQL, on a running server or straight on a database file.",
        discussion: """
            Each takes the server as its first argument too, as promtool does: `tsdb query instant URL EXPRESSION`.
            """,
        subcommands: [
            QueryInstant.self, QueryRange.self, QuerySeries.self, QueryLabels.self, QueryAnalyze.self,
        ])
}

/// Where a query is answered, and how its answer is shown.
struct QueryTarget: ParsableArguments {
    @Option(help: "The server to ask.")
    var url = "http://localhost:9090"

    @Option(
        help: ArgumentHelp("Read this database (a directory or a file) instead, with no server.", valueName: "path"))
    var db: String?

    @Option(help: "Give up after so long.")
    var timeout = "2m"

    @OptionGroup var http: HTTPOptions

    func validate() throws {
        guard let timeoutMs = PrometheusDuration.parse(timeout), timeoutMs > 0 else {
            throw ValidationError("--timeout '\(timeout)' is not a duration such as 30s or 2m")
        }
        if !url.hasPrefix("http://") && !url.hasPrefix("https://") {
            throw ValidationError("--url '\(url)' must begin with http:// or https://")
        }
    }

    var timeoutMs: Int64 { PrometheusDuration.parse(timeout) ?? 120_000 }

    /// - Parameter server: the server where it is an argument by itself.
    /// - Throws: ``CommandFailure`` where the database cannot be opened.
    func source(server: String? = nil) throws -> any QuerySource {
        if let db {
            guard server == nil else { throw CommandFailure("a server and --db are both given: one of them answers") }
            return try DatabaseSource(path: db, timeoutMs: timeoutMs)
        }
        return ServerSource(url: server ?? url, timeoutMs: timeoutMs, settings: try http.settings())
    }
}

/// The words of a command whose first may be the server, as in promtool's order.
///
/// - Parameters:
///   - count: how many there are besides.
///   - what: what they are, for messages.
func serverAndWords(_ words: [String], count: Int, _ what: String) throws -> (server: String?, rest: [String]) {
    let isServer = words.first.map { $0.hasPrefix("http://") || $0.hasPrefix("https://") } ?? false
    let rest = Array(words.dropFirst(isServer ? 1 : 0))
    guard rest.count == count else {
        throw ValidationError(
            "expected \(what), and before it at most a server such as http://localhost:9090; found "
                + (words.isEmpty ? "nothing" : words.map { "'\($0)'" }.joined(separator: " "))
                + (rest.count > count ? ". Put what has spaces between quotes." : ""))
    }
    return (isServer ? words[0] : nil, rest)
}

/// `tsdb query instant`.
struct QueryInstant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instant", abstract: "Evaluate an expression at one time.",
        discussion: """
            EXAMPLES
              tsdb query instant 'topk(3, DCGM_FI_DEV_GPU_TEMP)'
              tsdb query instant 'avg_over_time(DCGM_FI_DEV_POWER_USAGE[1h])' --time 2026-01-31T12:00:00Z --format csv
              tsdb query instant up --db data
              tsdb query instant -o promql http://localhost:9090 up
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, csv, promql }

    @Argument(help: ArgumentHelp("A PromQL expression; before it may stand a server.", valueName: "expression"))
    var words: [String]

    @Option(help: "When: now, Unix seconds, RFC 3339, or so long ago (1h).")
    var time = "now"

    @Option(name: [.customShort("o"), .long], help: "How to show the answer.")
    var format = Format.table

    @OptionGroup var target: QueryTarget

    func validate() throws { _ = try serverAndWords(words, count: 1, "an expression") }

    func run() async throws {
        let (server, rest) = try serverAndWords(words, count: 1, "an expression")
        try await reportingErrors {
            let now = SystemClock().nowMs()
            guard let at = parseTimeArgument(time, now: now) else { throw CommandFailure(notATime("--time", time)) }
            let answer = try target.source(server: server).instant(rest[0], at: at)
            answer.printNotices()
            switch format {
            case .json: print(answer.json)
            case .csv: print(csv(answer), terminator: "")
            case .promql: print(promqlText(answer), terminator: "")
            case .table: print(instantTable(answer), terminator: "")
            }
        }
    }
}

/// `tsdb query range`.
struct QueryRange: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "range", abstract: "Evaluate an expression over a range of time.",
        discussion: """
            EXAMPLES
              tsdb query range 'DCGM_FI_DEV_GPU_UTIL{gpu="0"}' --start 1h
              tsdb query range 'sum(DCGM_FI_DEV_POWER_USAGE)' --start 1d --step 5m --format csv
              tsdb query range 'avg(DCGM_FI_DEV_GPU_UTIL)' --start 6h --db data
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case plot, table, json, csv, promql }

    @Argument(help: ArgumentHelp("A PromQL expression; before it may stand a server.", valueName: "expression"))
    var words: [String]

    @Option(help: "The first time: Unix seconds, RFC 3339, or so long ago (1h).")
    var start = "1h"

    @Option(help: "The last time, in the same notation.")
    var end = "now"

    @Option(help: "Distance of the points, such as 15s; left out, about 240 points.")
    var step: String?

    @Option(name: [.customShort("o"), .long], help: "How to show the answer.")
    var format = Format.plot

    @OptionGroup var target: QueryTarget

    func validate() throws { _ = try serverAndWords(words, count: 1, "an expression") }

    func run() async throws {
        let (server, rest) = try serverAndWords(words, count: 1, "an expression")
        try await reportingErrors {
            let range = try QueryTimeRange(start: start, end: end, step: step, now: SystemClock().nowMs())
            let answer = try target.source(server: server).range(rest[0], range)
            answer.printNotices()
            switch format {
            case .json: print(answer.json)
            case .csv: print(csv(answer), terminator: "")
            case .promql: print(promqlText(answer), terminator: "")
            case .table: print(rangeTable(answer), terminator: "")
            case .plot: print(Plot(answer.value, range: range, terminal: Terminal.current()).render(), terminator: "")
            }
        }
    }
}

/// The evaluation times of a range query, in milliseconds since the Unix epoch.
struct QueryTimeRange: Sendable {
    var start: Int64
    var end: Int64
    var step: Int64

    init(start: Int64, end: Int64, step: Int64) {
        (self.start, self.end, self.step) = (start, end, step)
    }

    /// A range whose step is a whole number of seconds that gives about `pointsAbout` points.
    init(start: Int64, end: Int64, pointsAbout: Int64) {
        let (span, isBeyond) = end.subtractingReportingOverflow(start)
        let seconds = max(1, ((isBeyond ? .max : span) / pointsAbout + 999) / 1000)
        self.init(start: start, end: end, step: seconds * 1000)
    }

    /// A range as a person gives it.
    /// - Parameter step: nil for about 240 points.
    init(start: String, end: String, step: String?, now: Int64) throws(CommandFailure) {
        guard let startMs = parseTimeArgument(start, now: now) else { throw CommandFailure(notATime("--start", start)) }
        guard let endMs = parseTimeArgument(end, now: now) else { throw CommandFailure(notATime("--end", end)) }
        guard endMs >= startMs else { throw CommandFailure("--end \(end) is before --start \(start)") }
        guard let step else {
            self.init(start: startMs, end: endMs, pointsAbout: 240)
            return
        }
        let stepMs = PrometheusDuration.parse(step) ?? Double(step).flatMap { Int64(exactly: ($0 * 1000).rounded()) }
        guard let stepMs, stepMs > 0 else {
            throw CommandFailure("--step '\(step)' is not a positive duration such as 15s or a number of seconds")
        }
        self.init(start: startMs, end: endMs, step: stepMs)
    }
}

/// What is said of a time that is none.
func notATime(_ option: String, _ text: String) -> String {
    "\(option) '\(text)' is not a time: give now, Unix seconds, RFC 3339 (2026-01-31T12:00:00Z) or so long ago (1h)"
}
