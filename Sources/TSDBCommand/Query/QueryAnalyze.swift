import ArgumentParser
import Model
import PromQL

/// `tsdb query analyze`.
struct QueryAnalyze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Show how many buckets of classic histograms are in use.",
        discussion: """
            Of each histogram: how many of its buckets had observations of their own in a sample at least, on average and \
            at most, and how many it has.

            EXAMPLES
              tsdb query analyze --type histogram --match http_request_duration_seconds_bucket --duration 6h
              tsdb query analyze --type histogram --match '{__name__=~"prometheus_.*_bucket"}' --db data
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable { case histogram }

    @Option(help: "What to look at.")
    var type: Kind

    @Option(help: "Selector of the _bucket series; can be given several times.")
    var match: [String]

    @Option(help: "How long a time to look at.")
    var duration = "1h"

    @Option(help: "The end of that time: now, Unix seconds, RFC 3339, or so long ago (1h).")
    var time = "now"

    @Option(help: "The server to ask, as promtool names it.")
    var server: String?

    @OptionGroup var target: QueryTarget

    func validate() throws {
        guard let duration = PrometheusDuration.parse(duration), duration > 0 else {
            throw ValidationError("--duration '\(duration)' is not a positive duration such as 1h")
        }
    }

    func run() async throws {
        try await reportingErrors {
            let now = SystemClock().nowMs()
            guard let at = parseTimeArgument(time, now: now) else { throw CommandFailure(notATime("--time", time)) }
            _ = try Selection.parse(match)
            let source = try target.source(server: server)
            var usages: [BucketUsage] = []
            for selector in match {
                let answer = try source.instant("\(selector)[\(duration)]", at: at)
                answer.printNotices()
                guard case .matrix(let series) = answer.value else { continue }
                usages += BucketUsage.all(of: series)
            }
            guard !usages.isEmpty else {
                throw CommandFailure("no bucket series match: select series that have the label le")
            }
            let rows = usages.map { usage in
                [
                    "\(usage.labels)", "\(usage.least)", twoDecimals(usage.average), "\(usage.most)",
                    "\(usage.buckets)",
                ]
            }
            print(
                aligned(header: ["histogram", "min", "avg", "max", "buckets"], rows: rows, numericFrom: 1),
                terminator: "")
        }
    }
}

/// How many buckets of a classic histogram had observations that the bucket below had not.
struct BucketUsage: Equatable {
    var labels: Labels
    var buckets: Int
    var least: Int
    var average: Double
    var most: Int

    /// Those of all histograms among `series`, sorted by labels.
    static func all(of series: [MatrixSeries]) -> [BucketUsage] {
        var groups: [Labels: [(bound: Double, series: MatrixSeries)]] = [:]
        for one in series {
            guard let text = one.labels["le"], let bound = text == "+Inf" ? .infinity : Double(text) else { continue }
            groups[one.labels.removing(["le"]), default: []].append((bound, one))
        }
        return groups.map { of($0.value.sorted { $0.bound < $1.bound }.map(\.series), $0.key) }
            .sorted { $0.labels < $1.labels }
    }

    /// - Parameter buckets: sorted by bound.
    private static func of(_ buckets: [MatrixSeries], _ labels: Labels) -> BucketUsage {
        // Cumulative counts by time, a bucket after the other.
        var last: [Int64: Double] = [:]
        var used: [Int64: Int] = [:]
        for bucket in buckets {
            for (time, value) in zip(bucket.timestamps, bucket.values) {
                used[time, default: 0] += value > last[time] ?? 0 ? 1 : 0
                last[time] = value
            }
        }
        let counts = used.values
        let average = Double(counts.reduce(0, +)) / Double(max(counts.count, 1))
        return BucketUsage(
            labels: labels, buckets: buckets.count, least: counts.min() ?? 0, average: average, most: counts.max() ?? 0)
    }
}
