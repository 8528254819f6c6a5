import CSQLite
import Model

/// Gets room from the file system for what a transaction adds to the database, before the transaction is committed.
///
/// What is committed stands in the write-ahead log, and can be moved into the database when the disk has become full
/// only if the database need not grow for it. Without that a full disk would keep the log from starting anew, and
/// retention from deleting anything.
final class FileRoom {
    private let connection: Connection
    private let pageCount: Statement
    /// Pages of the database after the newest commit. Its file has room for them, however it is cut by checkpoints.
    private var committedPages: Int64 = 0

    init(_ connection: Connection) throws(StorageError) {
        self.connection = connection
        pageCount = try connection.prepare("PRAGMA page_count")
        // Without it SQLite does not follow the hint below.
        var bytes = Int32(Schema.pageBytes)
        sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &bytes)
    }

    /// Called within a transaction, as its last step.
    ///
    /// - Returns: pages of the database once it is committed.
    /// - Throws: ``StorageError/diskFull(_:)`` where the file system has no room.
    func reserve() throws(StorageError) -> Int64 {
        defer { pageCount.reset() }
        guard try pageCount.step() else { return committedPages }
        let pages = pageCount.integer(0)
        guard pages > committedPages else { return pages }
        var bytes = pages * Int64(Schema.pageBytes)
        let code = sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_SIZE_HINT, &bytes)
        guard code == SQLITE_OK || code == SQLITE_NOTFOUND else {
            throw .diskFull("cannot make \(connection.path) \(bytes) bytes long: the disk is full")
        }
        return pages
    }

    func committed(_ pages: Int64) { committedPages = pages }
}
