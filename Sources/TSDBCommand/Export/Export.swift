import ArgumentParser
import Model
import TSDB

/// `tsdb export`: writes samples out of a database.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write samples of a database as text, beside a running server too.",
        discussion: """
            openmetrics is what `promtool tsdb create-blocks-from openmetrics` and `tsdb import` read. It has no word for \
            staleness markers and native histograms; they are left out and counted. jsonl is what VictoriaMetrics' \
            /api/v1/import reads, a line per series with times in milliseconds; native histograms are objects in it. csv \
            has a row per sample, with times in seconds.

            EXAMPLES
              tsdb export --db data -o history.om
              tsdb export --db data --match '{job="dcgm"}' --start 1d --format csv --label gpu | head
              tsdb export --db data --format jsonl | curl -T - http://localhost:8428/api/v1/import
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case openmetrics, csv, jsonl }

    @Option(help: ArgumentHelp("The database, a directory or a file.", valueName: "path"))
    var db = "data"

    @Option(help: ArgumentHelp("Only series that this selects; may be repeated.", valueName: "selector"))
    var match: [String] = []

    @Option(help: "The first time: Unix seconds, RFC 3339, or so long ago (1h). Default: all there is.")
    var start: String?

    @Option(help: "The last time, in the same notation.")
    var end: String?

    @Option(help: "How to write.")
    var format = Format.openmetrics

    @Option(
        help: ArgumentHelp(
            "With csv: a column for this label in place of all labels as JSON; may be repeated.", valueName: "name"))
    var label: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write. Default: standard output.", valueName: "file"))
    var output: String?

    func run() async throws {
        try await reportingErrors {
            let range = try Selection.timeRange(start, end, now: SystemClock().nowMs())
            let selectors = try Selection.parse(match)
            if !label.isEmpty, format != .csv { throw CommandFailure("--label is for --format csv alone") }
            let database = try Database.openReadOnly(db)
            defer { database.close() }
            let run = ExportRun(database, selectors: selectors.isEmpty ? [[]] : selectors, range: range)
            let file = try OutputFile(output)
            switch format {
            case .openmetrics: try run.write(OpenMetricsWriter(), to: file)
            case .csv: try run.write(CSVWriter(labels: label), to: file)
            case .jsonl: try run.write(JSONLinesWriter(), to: file)
            }
            try file.finish()
            for problem in database.takeProblems() { writeToStandardError("tsdb: \(problem)\n") }
        }
    }
}
