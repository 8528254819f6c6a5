import Model
import TSDBSQL

/// Reads statements from a person and shows what they give.
struct SQLPrompt {
    let runner: SQLRunner

    private static let help = """
        Statements end with a semicolon. Ctrl-C ends a statement that runs, Ctrl-D the prompt.
          .tables               the tables and what they hold
          .schema TABLE         its columns
          .format FORMAT        table, csv, json or markdown
          .attach FILE [NAME]   a SQLite database to join, for reading
          .quit

        """

    private static let tables = """
        samples   a row per sample: ts (seconds), time (UTC), metric, value, a column per label
        series    a row per series: id, metric, a column per label
        metrics   metric, type, help, unit, series
        stats     figures about the database
        promql    a function: SELECT * FROM promql('up', '1h', 'now', '1m')

        """

    func run() {
        print("SQL on time series, read-only. `.help` tells more.")
        var editor = LineEditor(history: LineHistory())
        var pending = ""
        while let line = editor.readLine(prompt: pending.isEmpty ? "sql> " : "...> ") {
            guard let line = line.text else {
                pending = ""
                continue
            }
            if pending.isEmpty, line.hasPrefix(".") {
                if line.hasPrefix(".q") || line.hasPrefix(".exit") { return }
                reporting { try command(line) }
                continue
            }
            pending += pending.isEmpty ? line : "\n" + line
            if pending.allSatisfy(\.isWhitespace) { pending = "" }
            guard SQLConnection.isComplete(pending) else { continue }
            let sql = pending
            pending = ""
            reporting { try runTimed(sql) }
        }
    }

    private func runTimed(_ sql: String) throws {
        let before = runner.connection.readCounts
        let began = monotonicNs()
        let rows = try runner.run(sql)
        let after = runner.connection.readCounts
        let ms = Double((monotonicNs() - began) / 100_000) / 10
        print(
            "\(rows) rows, \(after.samples - before.samples) samples of \(after.series - before.series) series read, \(ms) ms"
        )
    }

    private func command(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        switch (words[0], words.count) {
        case (".help", _): print(SQLPrompt.help, terminator: "")
        case (".tables", _):
            print(SQLPrompt.tables, terminator: "")
            try runner.run(
                """
                SELECT schema || '.' || name AS "attached, or made here" FROM pragma_table_list
                WHERE schema <> 'temp' AND type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                """)
        case (".schema", 2):
            let table = words[1].split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            try runner.run(
                "SELECT name AS column, type, iif(hidden, 'hidden', '') AS note FROM pragma_table_xinfo('\(table)')")
        case (".format", 2):
            guard let format = SQLFormat(rawValue: words[1]) else {
                throw CommandFailure("\(words[1]) is no format: table, csv, json or markdown")
            }
            runner.format = format
        case (".attach", 2): try SQLAttachment(words[1]).attach(to: runner.connection)
        case (".attach", 3): try runner.connection.attach(file: words[1], as: words[2])
        default: throw CommandFailure("\(line) is no command, or not with these arguments: `.help` lists them")
        }
    }

    private func reporting(_ body: () throws -> Void) {
        do { try body() } catch { writeToStandardError("\(error)\n") }
    }
}
