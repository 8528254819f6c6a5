import TSDBSQL

/// Runs statements and writes their rows to standard output.
final class SQLRunner {
    let connection: SQLConnection
    var format: SQLFormat

    init(connection: SQLConnection, format: SQLFormat) {
        self.connection = connection
        self.format = format
    }

    /// Runs all statements of `sql` up to the first one that fails.
    ///
    /// - Returns: the number of rows.
    /// - Throws: ``CommandFailure`` with SQLite's message, and with the place in the text where it is known.
    @discardableResult
    func run(_ sql: String) throws(CommandFailure) -> Int {
        let bytes = Array(sql.utf8)
        var offset = 0
        var rowCount = 0
        defer { for problem in connection.takeProblems() { writeToStandardError("tsdb: \(problem)\n") } }
        do {
            while let statement = try connection.prepare(bytes, from: &offset) {
                rowCount += try show(statement)
            }
        } catch let error as SQLError {
            throw CommandFailure(error.offset.map { "\(error)\n\(pointer(to: $0, in: bytes))" } ?? "\(error)")
        } catch {
            throw CommandFailure("\(error)")
        }
        return rowCount
    }

    private func show(_ statement: SQLStatement) throws -> Int {
        let names = statement.columnNames
        if names.isEmpty {
            while try statement.step() {}
            return 0
        }
        var writer = SQLWriter(format: format, columns: names)
        while try statement.step() { try writer.add(names.indices.map { statement.value($0) }) }
        try writer.finish()
        return writer.rowCount
    }
}

/// The line of `sql` that holds the byte `offset`, and below it a caret.
private func pointer(to offset: Int, in sql: [UInt8]) -> String {
    let newline = UInt8(ascii: "\n")
    let offset = min(offset, sql.count)
    let start = sql[..<offset].lastIndex(of: newline).map { $0 + 1 } ?? 0
    let end = sql[offset...].firstIndex(of: newline) ?? sql.count
    let before = String(decoding: sql[start..<offset], as: UTF8.self)
    let line = String(decoding: sql[start..<end], as: UTF8.self)
    // A tab stays one, so that the caret stands below its character.
    return "  \(line)\n  \(String(before.map { $0 == "\t" ? "\t" : " " }))^"
}
