import CSQLiteHost

/// Tells whether a database was written, without reading it: SQLite counts commits of other connections.
final class VersionProbe: @unchecked Sendable {
    // SAFETY: both are owned by this object, used under its owner's lock, and closed in `deinit`.
    private var connection: OpaquePointer?
    private var statement: OpaquePointer?

    init(path: String) {
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &connection, flags, nil) == SQLITE_OK else { return }
        sqlite3_prepare_v2(connection, "PRAGMA data_version", -1, &statement, nil)
    }

    deinit {
        sqlite3_finalize(statement)
        sqlite3_close_v2(connection)
    }

    /// A number that changes when something was written; nil where it cannot be had.
    func version() -> Int64? {
        guard statement != nil else { return nil }
        defer { sqlite3_reset(statement) }
        return sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : nil
    }
}
