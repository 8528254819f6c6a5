import CSQLiteHost
import Model

/// A connection of SQLite with the tables of a time-series database: `samples`, `series`, `metrics`, `stats`, `promql`.
///
/// It begins with a database in memory, so that statements can make views and tables of their own, and writes no file. Used by
/// one thread at a time, save for ``interrupt()``.
public final class SQLConnection: @unchecked Sendable {
    // SAFETY: the handle is owned by this object and closed in `deinit`; one thread at a time uses it, and
    // `sqlite3_interrupt` may be called from any.
    let handle: OpaquePointer
    private let session: Session

    private static let linked: host_api_result = host_use_linked()

    /// - Parameter path: the database's directory or its file.
    /// - Throws: ``SQLError`` where the database cannot be opened.
    public init(path: String) throws(SQLError) {
        guard SQLConnection.linked == host_api_ok else { throw SQLError("this SQLite takes no extensions") }
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI
        guard sqlite3_open_v2(":memory:", &opened, flags, nil) == SQLITE_OK, let opened else {
            throw SQLError("cannot open a database in memory")
        }
        do {
            session = try register(on: opened)
            try session.attach(path, schema: "main", prefix: "", on: opened)
        } catch {
            sqlite3_close_v2(opened)
            throw SQLError("\(error)")
        }
        handle = opened
        sqlite3_set_authorizer(opened, refuseFiles, nil)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Attaches a database of SQLite for reading, so that its tables can be joined.
    ///
    /// - Parameter name: what its tables can be called by, as in `name.table`.
    /// - Throws: ``SQLError`` where there is no such file, or it is no database.
    public func attach(file: String, as name: String) throws(SQLError) {
        sqlite3_set_authorizer(handle, nil, nil)
        defer { sqlite3_set_authorizer(handle, refuseFiles, nil) }
        do throws(SQLError) {
            try execute("ATTACH \(literal(fileURI(file))) AS \(identifier(name))")
            // A file that is no database is noticed when it is read.
            do throws(SQLError) {
                try execute("SELECT count(*) FROM \(identifier(name)).sqlite_schema")
            } catch {
                try? execute("DETACH \(identifier(name))")
                throw error
            }
        } catch {
            throw SQLError("cannot attach \(file): \(error)")
        }
    }

    private func execute(_ sql: String) throws(SQLError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw SQLError(String(cString: sqlite3_errmsg(handle)))
        }
    }

    /// Compiles the first statement of `sql` from the byte `offset` on.
    ///
    /// - Parameter offset: set to where the next statement begins.
    /// - Returns: nil where only blanks and comments are left.
    /// - Throws: ``SQLError`` with the place of the fault in `sql`.
    public func prepare(_ sql: [UInt8], from offset: inout Int) throws(SQLError) -> SQLStatement? {
        let start = offset
        var statement: OpaquePointer?
        let code = sql.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                var tail: UnsafePointer<CChar>?
                let base = text.baseAddress.map { $0 + start }
                let code = sqlite3_prepare_v2(handle, base, Int32(clamping: text.count - start), &statement, &tail)
                if let base, let tail { offset = start + (tail - base) }
                return code
            }
        }
        guard code == SQLITE_OK else {
            let place = sqlite3_error_offset(handle)
            throw SQLError(String(cString: sqlite3_errmsg(handle)), offset: place >= 0 ? start + Int(place) : nil)
        }
        return statement.map { SQLStatement($0, on: self) }
    }

    /// Whether `sql` ends with a whole statement.
    public static func isComplete(_ sql: String) -> Bool { sqlite3_complete(sql) != 0 }

    /// Ends the statement that is running, which throws. May be called from any thread.
    public func interrupt() {
        session.activity.interrupt()
        sqlite3_interrupt(handle)
    }

    /// Damage that was met since the last call: for standard error.
    public func takeProblems() -> [String] { session.activity.takeProblems() }

    /// How many series, and samples of them, were read since the connection was opened.
    public var readCounts: (series: Int, samples: Int) { session.activity.readCounts }
}

/// Refuses to open files: they would be opened for writing.
private func refuseFiles(
    _ context: UnsafeMutableRawPointer?, _ action: Int32, _ first: UnsafePointer<CChar>?,
    _ second: UnsafePointer<CChar>?, _ database: UnsafePointer<CChar>?, _ trigger: UnsafePointer<CChar>?
) -> Int32 {
    action == SQLITE_ATTACH ? SQLITE_DENY : SQLITE_OK
}

/// `path` as SQLite's `file:` URI that opens it for reading only.
private func fileURI(_ path: String) -> String {
    let digits = Array("0123456789abcdef".unicodeScalars)
    var uri = "file:"
    for byte in path.utf8 {
        if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") || byte >= 0x80 {
            uri += "%"
            uri.unicodeScalars.append(digits[Int(byte >> 4)])
            uri.unicodeScalars.append(digits[Int(byte & 15)])
        } else {
            uri.unicodeScalars.append(Unicode.Scalar(byte))
        }
    }
    return uri + "?mode=ro"
}
