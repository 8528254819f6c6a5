import ArgumentParser
import Exposition
import Model
import PrometheusData
import TSDB

/// `tsdb import`: brings history into a database.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring samples of any age into a database: Prometheus's data, or metrics as text.",
        discussion: """
            PATH is a data directory of Prometheus 2 or 3, a snapshot of one or a single block of it; or a file of \
            OpenMetrics or of Prometheus's text format, with a timestamp on each line, also packed with gzip; or - for \
            standard input. No server may have the database open. What the database has already stays; importing the same \
            again changes nothing. Nothing is deleted while importing, however old it is.

            EXAMPLES
              tsdb import /var/lib/prometheus --db data
              promtool tsdb dump-openmetrics /var/lib/prometheus | tsdb import - --db data
              tsdb import history.om.gz --format openmetrics --db data
            """)

    @Argument(help: "What to import.")
    var path: [String]

    @Option(help: ArgumentHelp("The database's directory; made where it is missing.", valueName: "dir"))
    var db = "data"

    @Option(help: "What PATH holds.")
    var format = ImportFormat.auto

    @Flag(help: "Leave out Prometheus's write-ahead log, which has the last two to three hours.")
    var skipWal = false

    @Flag(help: "Show no progress.")
    var quiet = false

    func run() async throws {
        try await reportingErrors {
            // Found out before the database is made.
            let inputs = try path.map { path in (path, try format.resolved(for: path)) }
            let database = try openDatabase()
            defer { database.close() }
            let run = ImportRun(database: database, isQuiet: quiet)
            var failure: (any Error)?
            do {
                for (path, format) in inputs { try read(path, format, run) }
                try run.batcher.flush()
            } catch {
                failure = error
            }
            run.progress.end()
            if !run.metadata.isEmpty { try await database.setMetadata(run.metadata) }
            run.printSummary(now: SystemClock().nowMs())
            if let failure {
                throw CommandFailure(
                    "\(failure)"
                        + (run.batcher.result.samples > 0
                            ? "\nWhat was read before is imported; importing again leaves out what is there." : ""))
            }
            if run.damageCount > 0 {
                throw CommandFailure("\(run.damageCount) damaged places were left out; everything else is imported")
            }
        }
    }

    private func openDatabase() throws -> Database {
        do throws(StorageError) {
            return try Database.open(directory: db, options: DatabaseOptions(retentionMs: 0))
        } catch .locked(let text) {
            throw CommandFailure("\(text). Stop it while importing, or name another directory with --db")
        }
    }

    private func read(_ path: String, _ format: ImportFormat, _ run: ImportRun) throws {
        switch format {
        case .prometheusData: try importPrometheusData(path, readsLogs: !skipWal, run)
        case .auto: try TextImport(path, nil, run).read()
        case .openmetrics: try TextImport(path, .openMetrics, run).read()
        case .prometheusText: try TextImport(path, .text, run).read()
        }
    }
}

/// Imports a data directory of Prometheus.
private func importPrometheusData(_ path: String, readsLogs: Bool, _ run: ImportRun) throws {
    let data = try PrometheusData(path, readsLogs: readsLogs) { run.noteDamage("\($0)") }
    if data.isInUse {
        run.warn(
            "a Prometheus is running on \(path): what it writes from now on is not imported. "
                + "Stop it, and import again to get the rest")
    }
    while let next = data.next() {
        try run.batcher.add(next.labels, next.samples)
        run.progress.show(done: data.progress.bytesDone, total: data.progress.bytesTotal)
    }
    run.metadata += data.metadata
    if data.exemplarRecords > 0 { run.warn("exemplars of \(path) are left out") }
}
