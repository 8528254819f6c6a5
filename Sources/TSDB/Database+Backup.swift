import CSQLite
import Glibc
import Model

/// How far a backup has come.
public struct BackupProgress: Sendable {
    public let copiedBytes: Int64
    /// What the copy will hold.
    public let totalBytes: Int64
}

extension Database {
    /// Copies the database as of this moment into another directory, while it is read and written. All that was acknowledged
    /// before the call is in the copy. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - directory: where the copy goes, to be opened with ``open(directory:options:)``; made where it is missing.
    ///   - progress: called now and then on the calling thread.
    /// - Throws: ``StorageError/cannotOpen(_:)`` where the directory has a database already or cannot be made;
    ///   ``StorageError/diskFull(_:)`` where the copy does not fit. A copy that was not finished is removed.
    public func backup(
        to directory: String, progress: (BackupProgress) -> Void = { _ in }
    ) throws(StorageError) {
        try checkOpen()
        try Database.backup(path, to: directory, progress: progress)
    }

    /// As ``backup(to:progress:)``, of a database that this process has not opened, and needs not to.
    ///
    /// 1. A connection of its own begins a read transaction: what is written meanwhile goes beside what it sees.
    /// 2. SQLite copies the pages, a few at a time, to a file under a name that nobody opens.
    /// 3. The file is synced, checked to be a database of this program, and only then has the name of one.
    ///
    /// - Parameter source: the database's directory or its file.
    public static func backup(
        _ source: String, to directory: String, progress: (BackupProgress) -> Void = { _ in }
    ) throws(StorageError) {
        let file = isDirectory(source) ? source + "/" + fileName : source
        guard access(file, F_OK) == 0 else { throw .cannotOpen("cannot open \(file): \(systemError(errno))") }
        try checkIsFile(file)
        let connection = try openForReading(file)
        if case .empty = try Schema.check(connection) { throw .cannotOpen("cannot open \(file): it is empty") }
        try makeDirectory(directory)
        let target = directory + "/" + fileName
        for path in [target, target + "-wal"] where access(path, F_OK) == 0 {
            throw .cannotOpen("cannot back up to \(directory): it has \(path) already")
        }
        // Two backups at once, of one process or of two, each have a file of their own.
        let unfinished = target + ".backup-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        do throws(StorageError) {
            try copy(connection, to: unfinished, progress)
            try finish(unfinished, as: target, in: directory)
        } catch {
            unlink(unfinished)
            throw error
        }
    }

    /// Pages copied between two calls of `progress`: 4 MiB.
    private static let backupPages: Int32 = 256

    private static func copy(
        _ connection: Connection, to path: String, _ progress: (BackupProgress) -> Void
    ) throws(StorageError) {
        let copy = try Connection(path: path, mode: .readWrite)
        // A half-made copy is removed, so that nothing has to be undone; it is synced at its end.
        try copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        // Held until the copy is made. Without it each commit of a writer would have it begin anew.
        try connection.execute("BEGIN")
        _ = try connection.integer("SELECT count(*) FROM sqlite_master")
        defer { try? connection.execute("ROLLBACK") }
        let pageBytes = try connection.integer("PRAGMA page_size") ?? Schema.pageBytes
        guard let backup = sqlite3_backup_init(copy.handle, "main", connection.handle, "main") else {
            throw .sqlite(sqlite3_errcode(copy.handle), on: copy.handle, "copy \(connection.path) to \(path)")
        }
        var code = SQLITE_OK
        while code == SQLITE_OK {
            code = sqlite3_backup_step(backup, backupPages)
            let total = Int64(sqlite3_backup_pagecount(backup)) * pageBytes
            progress(
                BackupProgress(
                    copiedBytes: total - Int64(sqlite3_backup_remaining(backup)) * pageBytes, totalBytes: total))
        }
        let finished = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, finished == SQLITE_OK else {
            throw .sqlite(code == SQLITE_DONE ? finished : code, on: copy.handle, "copy \(connection.path) to \(path)")
        }
    }

    /// Makes the finished copy durable, and gives it its name unless something has got it meanwhile.
    private static func finish(_ copy: String, as target: String, in directory: String) throws(StorageError) {
        guard try Schema.check(Connection(path: copy, mode: .immutable)).isDatabase else {
            throw .corrupted("the copy \(copy) is empty")
        }
        try sync(copy)
        // Asked again, because copying may have taken long. (A hard link would leave no gap, but FAT has none.)
        if access(target, F_OK) == 0 { throw .cannotOpen("cannot back up to \(directory): it has \(target) by now") }
        guard rename(copy, target) == 0 else { throw .io("cannot name the copy \(target): \(systemError(errno))") }
        try sync(directory)
    }

    private static func sync(_ path: String) throws(StorageError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io("cannot open \(path): \(systemError(errno))") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .io("cannot sync \(path): \(systemError(errno))") }
    }
}

extension Schema.State {
    fileprivate var isDatabase: Bool {
        if case .empty = self { return false }
        return true
    }
}
