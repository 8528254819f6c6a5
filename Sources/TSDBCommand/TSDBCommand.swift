import ArgumentParser

#if canImport(Glibc)
import Glibc
#endif

/// The `tsdb` command: reads flags and files, puts the modules together, and holds no logic of its own.
@main
struct TSDBCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tsdb",
        abstract: "A time-series store and query server in Prometheus's place, with its samples in one SQLite file.",
        discussion: """
            EXAMPLES
              tsdb serve --config.file=config/prometheus.yml
              tsdb query instant 'up'
              tsdb query range 'avg by (gpu) (DCGM_FI_DEV_GPU_UTIL)' --start 1h
              tsdb query range 'DCGM_FI_DEV_POWER_USAGE' --db data --format csv
              tsdb explain 'sum by (gpu) (rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m]))' --start 1d
              tsdb sql "SELECT metric, count(*) FROM series GROUP BY metric"
              tsdb import /var/lib/prometheus --db data
              tsdb export --db data --match '{job="dcgm"}' -o history.om
              tsdb check config prometheus.yml
            """,
        version: BuildInfo.line,
        subcommands: [
            Serve.self, Query.self, Explain.self, SQLCommand.self, Import.self, Export.self, Backup.self, Check.self,
            Stats.self, Compact.self, Delete.self, Push.self,
        ])

    static func main() async {
        // A reader that goes away, such as `tsdb query … | head`, is no reason to be killed by a signal without a word.
        signal(SIGPIPE, SIG_IGN)
        await main(IgnoredFlags.removing(from: Array(CommandLine.arguments.dropFirst())).rest)
    }
}

/// A failure that ends a command: a message for the person, and the exit status.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension AsyncParsableCommand {
    /// Runs `body`; a thrown error is printed as one line and ends the process with `status`.
    func reportingErrors(status: Int32 = 1, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch is ReaderGone {
            return
        } catch {
            fflush(nil)
            writeToStandardError("tsdb: \(error)\n")
            throw ExitCode(status)
        }
    }
}

/// Writes all of `text` to file descriptor 2, unbuffered.
func writeToStandardError(_ text: String) {
    var rest = Substring(text).utf8[...]
    while !rest.isEmpty {
        let written = rest.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) } ?? -1
        guard written > 0 else { return }
        rest = rest.dropFirst(written)
    }
}
