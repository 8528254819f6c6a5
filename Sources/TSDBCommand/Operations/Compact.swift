import ArgumentParser
import Model
import TSDB

/// `tsdb compact`.
struct Compact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a database's file as small as it gets.",
        discussion: """
            Puts what the journal holds into blocks, merges blocks, deletes what no longer counts, and gives free pages back \
            to the file system. A server does all this by itself in time; this does it now. No server may run meanwhile.

            EXAMPLES
              tsdb compact
              tsdb compact --db /var/lib/tsdb
            """)

    @OptionGroup var target: OperationTarget

    func run() async throws {
        try await reportingErrors {
            let database = try target.openForWriting()
            let before = database.stats()
            let bar = OperationBar()
            do {
                try database.compact { bar.show($0) }
            } catch {
                bar.clear()
                database.close()
                throw error
            }
            let blocks = database.stats().blocks
            // Only then is what was written in the file itself.
            database.close()
            bar.clear()
            let after = database.stats()
            let (old, new) = (before.databaseBytes + before.logBytes, after.databaseBytes + after.logBytes)
            print("size    \(readableBytes(old)) before, \(readableBytes(new)) now")
            print("blocks  \(before.blocks) before, \(blocks) now")
            for problem in database.takeProblems() { writeToStandardError("tsdb: \(problem)\n") }
        }
    }
}
