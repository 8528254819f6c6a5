import ArgumentParser
import Model
import TSDB

/// `tsdb check database`.
struct CheckDatabase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Look at every row of a database, and repair what is damaged.",
        discussion: """
            Reads and decodes everything, as of one moment, also while a server writes it. Each line of the output names \
            something that is wrong, and where; the exit status is 0 where nothing is, and 1 otherwise.

            With --repair no server may run. What does not decode goes into the table `damaged`, with the reason; \
            everything else stays. Damage of SQLite's own pages is left alone: restore a backup, or get what can still be \
            read with `sqlite3 tsdb.sqlite .recover`.

            EXAMPLES
              tsdb check database
              tsdb check database /var/lib/tsdb --full
              tsdb check database /var/lib/tsdb --repair
            """, aliases: ["db"])

    @Argument(help: "The database, a directory or a file. Default: data.")
    var path: String?

    @Option(help: ArgumentHelp("The same, as other commands take it.", valueName: "path"))
    var db: String?

    @Flag(help: "Let SQLite compare the contents of its pages too, not their structure alone.")
    var full = false

    @Flag(help: "Set aside what is damaged, and make blocks' rows anew.")
    var repair = false

    func validate() throws {
        if path != nil, db != nil { throw ValidationError("the database is given twice, as an argument and with --db") }
    }

    func run() async throws {
        try await reportingErrors {
            let path = self.path ?? db ?? "data"
            let bar = OperationBar()
            let start = monotonicNs()
            if repair {
                let result = try explainingLock { () throws(StorageError) in
                    try Database.repair(path, isFull: full) { bar.show($0) }
                }
                bar.clear()
                printFindings(result.before)
                for action in result.actions { print("repair: \(action)") }
                if !result.actions.isEmpty, !result.after.isSound {
                    print("after the repair:")
                    printFindings(result.after)
                }
                try finish(result.after, path, start)
            } else {
                let report = try Database.check(path, isFull: full) { bar.show($0) }
                bar.clear()
                printFindings(report)
                try finish(report, path, start)
            }
        }
    }

    private func printFindings(_ report: CheckReport) {
        for finding in report.findings { print(finding) }
        let more = report.findingCount - report.findings.count
        if more > 0 { print("… and \(more) more") }
    }

    private func finish(_ report: CheckReport, _ path: String, _ start: UInt64) throws {
        for note in report.notes { print("note: \(note)") }
        let seconds = twoDecimals(Double(monotonicNs() - start) / 1e9)
        let what = [
            counted(report.blocks, "block"), counted(report.rows, "row"), counted(report.samples, "sample"),
            "\(report.series) series", counted(report.journalRecords, "journal record"),
            counted(report.exemplars, "exemplar"),
        ].joined(separator: ", ")
        if report.isSound { return print("sound: \(what) in \(seconds) s") }
        print("\(counted(report.findingCount, "finding")): \(what) in \(seconds) s")
        if report.findings.contains(where: { !$0.isRepairable }) {
            print("Some of this cannot be repaired: restore a backup. Nothing more is lost by reading what is left.")
        } else if !repair {
            print("Repair it, with no server running: tsdb check database \(path) --repair")
        }
        throw ExitCode(1)
    }
}
