import CSQLite
import Model

/// One connection to a database file.
///
/// Used by one thread at a time: the writer's by the writer thread, a reader's by whoever has taken it from the pool.
final class Connection: @unchecked Sendable {
    // SAFETY: the handle is owned by this object and closed in `deinit`; SQLite is compiled thread-safe, and the owner
    // named above keeps two threads from using one connection at once.
    let handle: OpaquePointer
    let path: String

    enum Mode {
        /// Creates the file where it is missing.
        case readWrite
        case readOnly
        /// Reads a file that nobody writes, in a directory where no helper files can be made.
        case immutable
    }

    /// How long a statement waits for another process's lock before it fails, in milliseconds.
    private static let busyTimeoutMs: Int32 = 5000

    /// - Parameter vfs: the name of what stands between SQLite and the system; nil for the usual.
    /// - Throws: ``StorageError/cannotOpen(_:)`` with the path.
    init(path: String, mode: Mode, vfs: String? = nil) throws(StorageError) {
        let base = SQLITE_OPEN_NOMUTEX
        let (name, flags): (String, Int32) =
            switch mode {
            case .readWrite: (path, base | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
            case .readOnly: (path, base | SQLITE_OPEN_READONLY)
            case .immutable: (fileURI(path) + "?immutable=1", base | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
            }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags, vfs)
        guard code == SQLITE_OK, let opened else {
            let reason = StorageError.sqlite(code, on: opened, "open \(path)").description
            sqlite3_close_v2(opened)
            throw .cannotOpen(reason)
        }
        handle = opened
        self.path = path
        sqlite3_extended_result_codes(opened, 1)
        sqlite3_busy_timeout(opened, Connection.busyTimeoutMs)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements that give no rows that matter.
    func execute(_ sql: String) throws(StorageError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw .sqlite(code, on: handle, "run \(sql)") }
    }

    func prepare(_ sql: String) throws(StorageError) -> Statement {
        try Statement(sql, on: self)
    }

    /// The first column of the first row, or nil where there is no row.
    func integer(_ sql: String) throws(StorageError) -> Int64? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.integer(0) : nil
    }

    /// The first column of the first row as text, or nil where there is no row.
    func text(_ sql: String) throws(StorageError) -> String? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.text(0) : nil
    }

    func setBusyTimeout(_ milliseconds: Int32) { sqlite3_busy_timeout(handle, milliseconds) }

    /// Runs `body` between BEGIN and COMMIT; a failure of either undoes everything.
    ///
    /// - Parameter commit: makes the commit, which is its argument; a caller passes its own to hold a lock meanwhile.
    func transaction(
        commit: (() throws(StorageError) -> Void) throws(StorageError) -> Void = { (commit) throws(StorageError) in
            try commit()
        },
        _ body: () throws(StorageError) -> Void
    ) throws(StorageError) {
        try execute("BEGIN IMMEDIATE")
        do throws(StorageError) {
            try body()
            try commit { () throws(StorageError) in try self.execute("COMMIT") }
        } catch {
            // Some failures, a full disk among them, have already undone the transaction; a second ROLLBACK fails then.
            if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }
}

/// `path` as SQLite's `file:` URI.
private func fileURI(_ path: String) -> String {
    var uri = "file:"
    for byte in path.utf8 {
        switch byte {
        case UInt8(ascii: "%"): uri += "%25"
        case UInt8(ascii: "?"): uri += "%3f"
        case UInt8(ascii: "#"): uri += "%23"
        default: uri.unicodeScalars.append(Unicode.Scalar(byte))
        }
    }
    return uri
}
