import ArgumentParser
import Model
import TSDBSQL

#if canImport(Glibc)
import Glibc
#endif

/// How rows are written.
enum SQLFormat: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json, markdown
}

/// Writes rows to standard output as they come. Only a table holds some back: its first ones decide how wide columns are.
struct SQLWriter {
    let format: SQLFormat
    let columns: [String]
    private(set) var rowCount = 0
    private var text = ""
    private var held: [[SQLValue]] = []
    /// Per column its width and whether it stands on the right; nil until they are decided.
    private var layout: [(width: Int, isNumeric: Bool)]?

    /// The rows that a table's widths are taken from; wider values of later rows stand out.
    private static let heldMax = 1000

    init(format: SQLFormat, columns: [String]) {
        self.format = format
        self.columns = columns
        switch format {
        case .table: break
        case .csv: text = columns.map(csvField).joined(separator: ",") + "\n"
        case .json: text = "["
        case .markdown:
            text = markdownLine(columns) + markdownLine(columns.map { _ in "---" })
        }
    }

    mutating func add(_ row: [SQLValue]) throws(CommandFailure) {
        switch format {
        case .table:
            if layout != nil {
                text += line(row.map(plain))
            } else {
                held.append(row)
                if held.count == SQLWriter.heldMax { layOut() }
            }
        case .csv: text += row.map { csvField(plain($0)) }.joined(separator: ",") + "\n"
        case .json:
            let pairs = zip(columns, row).map { "\(jsonString($0)):\(json($1))" }
            text += (rowCount == 0 ? "\n{" : ",\n{") + pairs.joined(separator: ",") + "}"
        case .markdown: text += markdownLine(row.map(plain))
        }
        rowCount += 1
        if text.utf8.count > 1 << 16 { try flush() }
    }

    mutating func finish() throws(CommandFailure) {
        if format == .table, layout == nil { layOut() }
        if format == .json { text += rowCount == 0 ? "]\n" : "\n]\n" }
        try flush()
    }

    private mutating func flush() throws(CommandFailure) {
        let isWritten = writeToStandardOutput(text)
        text = ""
        if !isWritten { throw CommandFailure("cannot write to standard output: \(String(cString: strerror(errno)))") }
    }

    /// Decides the widths, and writes the heading and the rows held back.
    private mutating func layOut() {
        let cells = held.map { $0.map(plain) }
        layout = columns.indices.map { column in
            let isNumeric =
                held.contains { isNumber($0[column]) }
                && held.allSatisfy { isNumber($0[column]) || $0[column] == .null }
            return (max(columns[column].count, cells.lazy.map { $0[column].count }.max() ?? 0), isNumeric)
        }
        text += line(columns)
        for row in cells { text += line(row) }
        held = []
    }

    private func line(_ cells: [String]) -> String {
        let padded = zip(cells, layout ?? []).map { cell, column in
            let space = String(repeating: " ", count: max(0, column.width - cell.count))
            return column.isNumeric ? space + cell : cell + space
        }.joined(separator: "  ")
        return String(padded.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
}

/// Writes all of `text` to file descriptor 1, unbuffered, after what `print` holds. Returns false where that fails.
func writeToStandardOutput(_ text: String) -> Bool {
    fflush(nil)
    var text = text
    return text.withUTF8 { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(1, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rest)).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

private func isNumber(_ value: SQLValue) -> Bool {
    switch value {
    case .integer, .real: true
    case .null, .text, .blob: false
    }
}

/// A value as a person reads it; NULL is empty.
private func plain(_ value: SQLValue) -> String {
    switch value {
    case .null: ""
    case .integer(let number): String(number)
    case .real(let number): formatFloat(number, .json)
    case .text(let text): text
    case .blob(let bytes): hex(bytes)
    }
}

/// JSON has no infinities: they are strings, as in Prometheus's answers.
private func json(_ value: SQLValue) -> String {
    switch value {
    case .null: "null"
    case .integer(let number): String(number)
    case .real(let number): number.isFinite ? formatFloat(number, .json) : jsonString(formatFloat(number))
    case .text(let text): jsonString(text)
    case .blob(let bytes): jsonString(hex(bytes))
    }
}

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func markdownLine(_ cells: [String]) -> String {
    let escaped = cells.map { cell in
        cell.map { $0 == "|" ? "\\|" : $0.isNewline ? "<br>" : String($0) }.joined()
    }
    return "| " + escaped.joined(separator: " | ") + " |\n"
}
