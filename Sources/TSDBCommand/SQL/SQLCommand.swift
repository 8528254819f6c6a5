import ArgumentParser
import Dispatch
import TSDBSQL

#if canImport(Glibc)
import Glibc
#endif

/// `tsdb sql`: SQL over a database file.
struct SQLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Run SQL on a database, also while a server writes it; read-only.",
        discussion: """
            Without a query, statements are read from standard input, at a prompt where that is a terminal.

            TABLES
              samples   ts, time, metric, value, a column per label; hidden: ms, series, labels, histogram, stale
              series    id, metric, a column per label; hidden: labels, samples, min_ts, max_ts
              metrics   metric, type, help, unit, series
              stats     name, value
              promql(query, start, end, step)   the answer to PromQL, with the columns of samples

            EXAMPLES
              tsdb sql "SELECT time, gpu, value FROM samples WHERE metric = 'DCGM_FI_DEV_GPU_TEMP' AND ts > unixepoch() - 60"
              tsdb sql "SELECT metric, count(*) FROM series GROUP BY metric" --format csv
              tsdb sql "SELECT * FROM promql('avg by (gpu) (DCGM_FI_DEV_GPU_UTIL)', '1h', 'now', '5m')"
              tsdb sql --attach jobs.db "SELECT j.name, avg(s.value) FROM jobs.job j JOIN samples s
                ON s.gpu = j.gpu AND s.ts BETWEEN j.started AND j.ended
                WHERE s.metric = 'DCGM_FI_DEV_POWER_USAGE' GROUP BY j.name"
            """)

    @Argument(help: "SQL: one or more statements.")
    var query: String?

    @Option(help: ArgumentHelp("The database: a directory or a file.", valueName: "path"))
    var db = "data"

    @Option(
        help: ArgumentHelp(
            "A SQLite database to join, under its file's name or the one given.", valueName: "[name=]file"))
    var attach: [String] = []

    @Option(help: "How to show rows.")
    var format = SQLFormat.table

    func run() async throws {
        try await reportingErrors {
            let connection = try SQLConnection(path: db)
            for file in attach { try SQLAttachment(file).attach(to: connection) }
            let signals = interrupting(connection)
            defer { signals.cancel() }
            let runner = SQLRunner(connection: connection, format: format)
            if let query {
                try runner.run(query)
            } else if isatty(0) == 1 && isatty(1) == 1 {
                SQLPrompt(runner: runner).run()
            } else {
                try runner.run(try readStandardInput())
            }
        }
    }

    /// Ctrl-C ends the statement that is running. Handled on another thread, because a signal handler may call next to nothing.
    private func interrupting(_ connection: SQLConnection) -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { connection.interrupt() }
        source.resume()
        return source
    }

    private func readStandardInput() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count < 0 { throw CommandFailure("cannot read standard input: \(String(cString: strerror(errno)))") }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
            // SQLite takes no longer statements.
            if bytes.count > 1_000_000_000 { throw CommandFailure("standard input holds more than 1 GB of SQL") }
        }
    }
}

/// A file to attach, and the name of its schema: `name=file`, or a file under its own name without the suffix.
struct SQLAttachment {
    let file: String
    let name: String

    init(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1)
        if parts.count == 2, !parts[0].contains("/") {
            (name, file) = (String(parts[0]), String(parts[1]))
        } else {
            file = text
            let last = text.split(separator: "/").last ?? ""
            name = String(last.split(separator: ".").first ?? last)
        }
    }

    func attach(to connection: SQLConnection) throws { try connection.attach(file: file, as: name) }
}
