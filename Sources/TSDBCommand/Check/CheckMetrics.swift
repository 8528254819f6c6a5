import ArgumentParser
import Model

/// `tsdb check metrics`.
struct CheckMetrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Whether a page of metrics on standard input is well-formed and well named.",
        discussion: """
            The exit status is 0 where nothing is to be said, 3 where a name or a help text could be better, and 1 where \
            the page cannot be read.

            EXAMPLES
              curl -s http://localhost:9400/metrics | tsdb check metrics
              curl -s http://localhost:9400/metrics | tsdb check metrics --extended
            """)

    @Flag(help: "Show how many series each metric has.")
    var extended = false

    func run() async throws {
        try await reportingErrors {
            let page = try MetricsPage(path: "-")
            let families = MetricFamily.all(of: page)
            let complaints = families.flatMap { family in family.complaints().map { "\(family.name) \($0)" } }
            for complaint in complaints { writeToStandardError("\(complaint)\n") }
            if extended { printCounts(families) }
            if !complaints.isEmpty { throw ExitCode(3) }
        }
    }

    private func printCounts(_ families: [MetricFamily]) {
        let total = families.reduce(0) { $0 + $1.series }
        let rows = families.sorted { ($1.series, $0.name) < ($0.series, $1.name) }.map { family in
            [family.name, "\(family.series)", twoDecimals(100 * Double(family.series) / Double(max(total, 1))) + "%"]
        }
        print(
            aligned(
                header: ["Metric", "Cardinality", "Percentage"], rows: rows + [["Total", "\(total)", "100%"]],
                numericFrom: 1), terminator: "")
    }
}
