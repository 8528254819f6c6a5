import ArgumentParser
import Model
import TSDB

#if canImport(Glibc)
import Glibc
#endif

/// `tsdb backup`: copies a database.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy a database as of now, beside a running server too.",
        discussion: """
            The copy has all that was acknowledged before the command began. It is a database of its own: a server or \
            `tsdb query --db` opens it.

            EXAMPLES
              tsdb backup data /mnt/backup/$(date +%F)
              tsdb serve --storage.tsdb.path=/mnt/backup/2026-01-31
            """)

    @Argument(help: ArgumentHelp("The database: a directory or a file.", valueName: "path"))
    var source: String

    @Argument(help: ArgumentHelp("A directory without a database, made where it is missing.", valueName: "directory"))
    var destination: String

    func run() async throws {
        try await reportingErrors {
            let began = monotonicNs()
            let showsProgress = isatty(2) == 1
            var total: Int64 = 0
            try Database.backup(source, to: destination) { progress in
                total = progress.totalBytes
                guard showsProgress, total > 0 else { return }
                writeToStandardError("\r\(progress.copiedBytes * 100 / total) % of \(total) bytes")
            }
            if showsProgress { writeToStandardError("\r\u{1B}[K") }
            let ms = (monotonicNs() - began) / 1_000_000
            print("\(destination)/\(Database.fileName): \(total) bytes in \(ms) ms")
        }
    }
}
