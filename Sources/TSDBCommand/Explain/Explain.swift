import ArgumentParser
import Model
import PromQL
import TSDB

/// `tsdb explain`.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate PromQL and say how: its operators, what they touched, where the time went.",
        discussion: """
            Reads the database as of one moment, also while a server writes it. The answer itself is not shown. \
            An operator's line has `…` in place of its inputs, which are below it. Times are those of all threads \
            together; `self` is without the inputs, and the bar is its share.

              decoded  samples that were read from the store
              looked   samples that were looked at; one that several steps need counts for each, as in Prometheus's stats
              stored   the bytes that were decoded

            EXAMPLES
              tsdb explain 'sum by (gpu) (rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m]))' --start 1d
              tsdb explain 'topk(3, DCGM_FI_DEV_GPU_TEMP)' --time 2026-01-31T12:00:00Z
              tsdb explain 'avg_over_time(up[1h])' --start 1d --step 5m --db /var/lib/tsdb --format json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Argument(help: "A PromQL expression.")
    var expression: String

    @Option(help: "When: now, Unix seconds, RFC 3339, or so long ago (1h). The default, where there is no --start.")
    var time: String?

    @Option(help: "The first time of a range, in the same notation.")
    var start: String?

    @Option(help: "The last time of a range. Default: now.")
    var end: String?

    @Option(help: "Distance of a range's points, such as 15s; left out, about 240 points.")
    var step: String?

    @Option(help: ArgumentHelp("The database, a directory or a file.", valueName: "path"))
    var db = "data"

    @Option(help: "Give up after so long.")
    var timeout = "2m"

    @Option(help: "How to show the plan.")
    var format = Format.table

    func validate() throws {
        if start == nil, end != nil || step != nil { throw ValidationError("--end and --step need --start") }
        if start != nil, time != nil { throw ValidationError("--time is of one moment, --start of a range: give one") }
        guard let timeoutMs = PrometheusDuration.parse(timeout), timeoutMs > 0 else {
            throw ValidationError("--timeout '\(timeout)' is not a duration such as 30s or 2m")
        }
    }

    func run() async throws {
        try await reportingErrors {
            let times = try times(now: SystemClock().nowMs())
            let explained = try ExplainedQuery(
                expression, times, on: try Database.openReadOnly(db),
                timeoutMs: PrometheusDuration.parse(timeout) ?? 120_000)
            for problem in explained.problems { writeToStandardError("tsdb: \(problem)\n") }
            for notice in explained.notices { writeToStandardError("\(notice)\n") }
            switch format {
            case .json: print(explained.json, terminator: "")
            case .table: print(PlanTable(explained, terminal: Terminal.current()).text, terminator: "")
            }
        }
    }

    private func times(now: Int64) throws(CommandFailure) -> QueryTimes {
        if let start {
            return .range(try QueryTimeRange(start: start, end: end ?? "now", step: step, now: now))
        }
        guard let at = parseTimeArgument(time ?? "now", now: now) else {
            throw CommandFailure(notATime("--time", time ?? ""))
        }
        return .instant(at)
    }
}

/// The times at which a query is evaluated, in milliseconds since the Unix epoch.
enum QueryTimes {
    case instant(Int64)
    case range(QueryTimeRange)
}
