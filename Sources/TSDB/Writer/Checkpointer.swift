import CSQLite
import Glibc
import Model

/// Moves what is in the write-ahead log into the database, on a thread and a connection of its own: this waits for the
/// disk, for a second where that is busy, and commits must not wait for it.
///
/// 1. SQLite tells after each commit how long the log is. From ``wantedPages`` on the thread is woken.
/// 2. The log starts anew with the first commit that finds all of it moved and read by nobody. A writer that commits
///    without a break is always ahead of the thread; where the log has reached ``pagesMax``, it moves what is left
///    itself, so that the log is bounded. Views that stay open keep it from starting anew, and let it grow.
/// 3. While nothing is written, the log is synced: a power failure then costs the last seconds at most, without a
///    checkpoint for each scrape, after which the next commit would have to sync the log's new header. A log that is
///    long by then is moved, and its file emptied.
final class Checkpointer: @unchecked Sendable {
    // SAFETY: `connection` is used under `lock`; `logPages` and `nextOwnPages` by the writer thread alone; `request`
    // under `monitor`; `thread` by who starts and stops.
    private let state: DatabaseState
    private let connection: Connection
    private let lock = Lock()
    private let monitor = Monitor()
    private var request = Request()
    private var thread: pthread_t?
    /// Length of the log after the newest commit.
    fileprivate var logPages = 0
    /// The length from which on the writer thread moves the log itself.
    private var nextOwnPages = Checkpointer.pagesMax

    private struct Request {
        var checkpoint = false
        var truncate = false
        var sync = false
        var stop = false

        var isAny: Bool { checkpoint || truncate || sync || stop }
    }

    /// 128 pages are 2 MiB: how much of the log a restart recovers and the disk holds twice.
    static let wantedPages = 128
    /// From this length of its file on, whatever of it is in use, the log is moved and emptied when nothing is written.
    private static let restBytes = 1 << 20
    /// What the emptied log keeps of its file: enough to delete a little where the disk is full. 16 pages.
    private static let reserveBytes = 256 << 10
    /// 2,048 pages are 32 MiB: more than the sealing of a block of 25,000 series writes.
    static let pagesMax = 2048

    init(state: DatabaseState) throws(StorageError) {
        self.state = state
        connection = try Connection(path: state.path, mode: .readWrite, vfs: state.options.vfs)
        try connection.execute("PRAGMA wal_autocheckpoint = 0")
        // A checkpoint syncs as this connection is told to; NORMAL and FULL do the same here.
        try connection.execute("PRAGMA synchronous = FULL")
        // Before its first read a connection does not know of the log, and a checkpoint does nothing.
        _ = try connection.integer("SELECT count(*) FROM sqlite_master")
    }

    func start() throws(StorageError) {
        thread = try startThread(self, runCheckpointer, "checkpoint")
    }

    /// Returns when the thread has ended, with the log empty unless readers need it.
    func stop() {
        monitor.withLock {
            request.stop = true
            monitor.signal()
        }
        if let thread { pthread_join(thread, nil) }
        thread = nil
        checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
    }

    /// Hears of the commits of the writer's connection.
    func watch(_ writer: Connection) {
        sqlite3_wal_hook(writer.handle, noteCommit, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Sees to the log's length. Called by the writer thread behind its commits.
    func bound() {
        if logPages < Checkpointer.pagesMax { nextOwnPages = Checkpointer.pagesMax }
        if logPages >= nextOwnPages {
            // Where a view keeps the log from starting anew, the next attempt waits until as much is to be moved again.
            nextOwnPages = logPages + Checkpointer.pagesMax
            checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        } else if logPages >= Checkpointer.wantedPages {
            wake { $0.checkpoint = true }
        }
    }

    /// Says that nothing is written at the moment.
    func rest() {
        if logBytes >= Checkpointer.restBytes { return wake { $0.truncate = true } }
        // With FULL every commit has been synced.
        if state.options.synchronous == .normal { wake { $0.sync = true } }
    }

    /// The length of the log's file, most of which may be left from before the log began anew.
    private var logBytes: Int {
        var status = stat()
        return stat(state.path + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    private func wake(_ change: (inout Request) -> Void) {
        monitor.withLock {
            change(&request)
            monitor.signal()
        }
    }

    fileprivate func run() {
        while true {
            let request = monitor.withLock { () -> Request in
                while !self.request.isAny { monitor.wait() }
                defer { self.request = Request(stop: self.request.stop) }
                return self.request
            }
            if request.stop { return }
            if request.checkpoint { checkpoint(SQLITE_CHECKPOINT_PASSIVE) }
            if request.truncate { empty() }
            if request.sync { sync() }
        }
    }

    /// Moves the log and makes its file as short as it gets.
    func empty() {
        checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
        lock.withLock {
            guard let log = logFile, let methods = log.pointee.pMethods else { return }
            var unit = Int32(Schema.pageBytes)
            _ = methods.pointee.xFileControl(log, SQLITE_FCNTL_CHUNK_SIZE, &unit)
            var bytes = Int64(Checkpointer.reserveBytes)
            // Where there is no room now, there may be at the next time.
            _ = methods.pointee.xFileControl(log, SQLITE_FCNTL_SIZE_HINT, &bytes)
        }
    }

    /// The log as SQLite has it open, so that whatever stands between it and the disk is asked.
    private var logFile: UnsafeMutablePointer<sqlite3_file>? {
        var found: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &found)
        return code == SQLITE_OK ? found : nil
    }

    /// Waits for a checkpoint that is going on, and makes one.
    private func checkpoint(_ mode: Int32) {
        lock.withLock {
            // Readers and the writer are not waited for: what they need stays in the log for the next time.
            connection.setBusyTimeout(0)
            let code = sqlite3_wal_checkpoint_v2(connection.handle, nil, mode, nil, nil)
            if code != SQLITE_OK, code & 0xff != SQLITE_BUSY {
                state.messages.add(
                    "\(StorageError.sqlite(code, on: connection.handle, "move the write-ahead log into \(state.path)"))"
                )
            }
        }
    }

    /// Syncs the log as SQLite does.
    private func sync() {
        lock.withLock {
            guard let log = logFile, let methods = log.pointee.pMethods else { return }
            let result = methods.pointee.xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)
            if result != SQLITE_OK {
                state.messages.add("cannot sync \(state.path)-wal: \(String(cString: sqlite3_errstr(result)))")
            }
        }
    }
}

/// Called by SQLite on the writer thread, behind each commit.
private func noteCommit(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ pages: Int32
) -> Int32 {
    guard let context else { return SQLITE_OK }
    Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().logPages = Int(pages)
    return SQLITE_OK
}

private func runCheckpointer(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<Checkpointer>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
