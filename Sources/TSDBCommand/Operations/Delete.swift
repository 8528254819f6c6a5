import ArgumentParser
import Model
import TSDB

#if canImport(Glibc)
import Glibc
#endif

/// `tsdb delete`.
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete samples of some series for good.",
        discussion: """
            Says what would go, asks, and deletes it. With --dry-run it only counts, also while a server writes the \
            database; to delete, no server may run. The room in the file is used for new samples; `tsdb compact` gives it \
            back to the file system.

            EXAMPLES
              tsdb delete --match 'up{job="old"}' --dry-run
              tsdb delete --match '{job="old"}' --match 'debug_metric' --yes
              tsdb delete --match 'DCGM_FI_DEV_GPU_TEMP' --end 30d
            """)

    @OptionGroup var target: OperationTarget

    @Option(help: ArgumentHelp("Delete of the series that this selects; may be repeated.", valueName: "selector"))
    var match: [String] = []

    @Option(help: "The first time: Unix seconds, RFC 3339, or so long ago (1h). Default: all there is.")
    var start: String?

    @Option(help: "The last time, in the same notation.")
    var end: String?

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Delete without asking.")
    var yes = false

    func validate() throws {
        if match.isEmpty { throw ValidationError("--match is missing: it says which series, such as '{job=\"old\"}'") }
    }

    func run() async throws {
        try await reportingErrors {
            let range = try Selection.timeRange(start, end, now: SystemClock().nowMs())
            let selectors = try Selection.parse(match)
            let database = dryRun ? try Database.openReadOnly(target.db) : try target.openForWriting()
            defer { database.close() }
            let count = try database.count(selectors, range)
            print("\(counted(count.samples, "sample")) of \(count.series) series", terminator: "")
            print(count.times.map { ", \(rfc3339($0.lowerBound)) to \(rfc3339($0.upperBound))" } ?? "")
            if dryRun || count.samples == 0 { return }
            guard yes || isConfirmed() else { throw CommandFailure("nothing was deleted") }
            let deleted = try database.deleteSeries(selectors, minTime: range.lowerBound, maxTime: range.upperBound)
            print("deleted \(counted(deleted, "sample"))")
        }
    }

    private func isConfirmed() -> Bool {
        guard isatty(0) == 1 else {
            writeToStandardError("tsdb: standard input is no terminal to ask on; --yes deletes without asking\n")
            return false
        }
        print("Delete them for good? [y/N] ", terminator: "")
        fflush(nil)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}

extension Database {
    /// What the series that any of `selectors` selects have in a range of time.
    fileprivate func count(
        _ selectors: [[Matcher]], _ range: ClosedRange<Int64>
    ) throws -> (series: Int, samples: Int, times: ClosedRange<Int64>?) {
        let view = try querier(minTime: range.lowerBound, maxTime: range.upperBound)
        defer { view.close() }
        var known = Set<Labels>()
        var samples = 0
        var times: ClosedRange<Int64>?
        let buffer = SampleBuffer()
        for selector in selectors {
            let hints = SelectHints(minTime: range.lowerBound, maxTime: range.upperBound)
            let set = try view.select(selector, hints: hints)
            for index in 0..<set.count where !known.contains(set.labels(index)) {
                buffer.removeAll()
                try set.read(index, into: buffer)
                guard buffer.count > 0 else { continue }
                known.insert(set.labels(index))
                samples += buffer.count
                let (first, last) = (buffer.timestamps[0], buffer.timestamps[buffer.count - 1])
                times = min(first, times?.lowerBound ?? first)...max(last, times?.upperBound ?? last)
            }
        }
        return (known.count, samples, times)
    }
}
