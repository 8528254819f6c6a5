import CSQLiteHost

/// A compiled statement, whose rows are gone through once.
public final class SQLStatement {
    // SAFETY: owned by this object, used by the thread that uses its connection, and finalized in `deinit`, before which the
    // connection is not closed.
    private let handle: OpaquePointer
    private let connection: SQLConnection

    init(_ handle: OpaquePointer, on connection: SQLConnection) {
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// None where the statement gives no rows.
    public var columnNames: [String] {
        (0..<sqlite3_column_count(handle)).map { String(cString: sqlite3_column_name(handle, $0)) }
    }

    /// Goes to the next row. Returns false after the last one.
    /// - Throws: ``SQLError``, also where it was interrupted.
    public func step() throws(SQLError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        var error = SQLError(String(cString: sqlite3_errmsg(connection.handle)))
        error.isInterrupted = code & 0xff == SQLITE_INTERRUPT
        throw error
    }

    /// The value of a column of the row, counted from 0.
    public func value(_ column: Int) -> SQLValue {
        let column = Int32(column)
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT:
            return .text(String(decoding: bytes(sqlite3_column_text(handle, column), column), as: UTF8.self))
        case SQLITE_BLOB: return .blob(Array(bytes(sqlite3_column_blob(handle, column), column)))
        default: return .null
        }
    }

    private func bytes(_ start: UnsafeRawPointer?, _ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }
}
