import ArgumentParser
import Model

/// How lists of names are shown.
enum ListFormat: String, ExpressibleByArgument, CaseIterable { case promql, json }

/// `tsdb query series`.
struct QuerySeries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "List the series that selectors select.",
        discussion: """
            EXAMPLES
              tsdb query series --match 'DCGM_FI_DEV_GPU_UTIL'
              tsdb query series --match '{job="dcgm"}' --start 1h --db data -o json
              tsdb query series http://localhost:9090 --match up
            """)

    @Argument(help: ArgumentHelp("A server.", valueName: "server"))
    var words: [String] = []

    @Option(help: "Selector of the series; can be given several times.")
    var match: [String]

    @Option(help: "Only series with samples since then: Unix seconds, RFC 3339, or so long ago (1h).")
    var start: String?

    @Option(help: "Only series with samples until then.")
    var end: String?

    @Option(name: [.customShort("o"), .long], help: "How to show them.")
    var format = ListFormat.promql

    @OptionGroup var target: QueryTarget

    func validate() throws { _ = try serverAndWords(words, count: 0, "options") }

    func run() async throws {
        let (server, _) = try serverAndWords(words, count: 0, "options")
        try await reportingErrors {
            _ = try Selection.parse(match)
            let range = try Selection.timeRange(start, end, now: SystemClock().nowMs())
            let series = try target.source(server: server).series(match, range)
            switch format {
            case .promql: for labels in series { print(labelSet(labels)) }
            case .json: print("[\(series.map(jsonObject).joined(separator: ","))]")
            }
        }
    }
}

/// `tsdb query labels`.
struct QueryLabels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "List the values of a label.",
        discussion: """
            EXAMPLES
              tsdb query labels job
              tsdb query labels gpu --match DCGM_FI_DEV_GPU_UTIL --start 1d
              tsdb query labels __name__ --db data
            """)

    @Argument(help: ArgumentHelp("A label's name; before it may stand a server.", valueName: "name"))
    var words: [String]

    @Option(help: "Selector of the series that are asked; can be given several times. Default: all.")
    var match: [String] = []

    @Option(help: "Only series with samples since then: Unix seconds, RFC 3339, or so long ago (1h).")
    var start: String?

    @Option(help: "Only series with samples until then.")
    var end: String?

    @Option(name: [.customShort("o"), .long], help: "How to show them.")
    var format = ListFormat.promql

    @OptionGroup var target: QueryTarget

    func validate() throws { _ = try serverAndWords(words, count: 1, "a label's name") }

    func run() async throws {
        let (server, rest) = try serverAndWords(words, count: 1, "a label's name")
        try await reportingErrors {
            _ = try Selection.parse(match)
            let range = try Selection.timeRange(start, end, now: SystemClock().nowMs())
            let values = try target.source(server: server).labelValues(rest[0], match, range)
            switch format {
            case .promql: for value in values { print(value) }
            case .json: print("[\(values.map(jsonString).joined(separator: ","))]")
            }
        }
    }
}

/// The labels in braces, the metric's name among them, as promtool writes series.
private func labelSet(_ labels: Labels) -> String {
    let pairs = labels.map { "\(isLegacyLabelName($0.name) ? $0.name : quoted($0.name))=\(quoted($0.value))" }
    return "{\(pairs.joined(separator: ", "))}"
}
