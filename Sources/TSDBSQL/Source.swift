import Glibc
import Model
import Synchronization
import TSDB

/// A database as the tables of one connection read it.
///
/// It is opened when a statement begins to read and nobody does yet, so that all tables of a statement see the same moment.
/// Afterwards it stays open for a while, because opening costs more than a small query, and is opened anew where something
/// was written meanwhile. Not for longer: an open database keeps its writer from reusing the write-ahead log.
final class Source: @unchecked Sendable {
    // SAFETY: everything that changes is in `state`, which is a mutex.

    /// The database's directory or file, absolute.
    let path: String
    let activity: Activity
    private let state = Mutex(State())

    /// How long the database stays open unused, in seconds.
    private static let idleSecondsMax = 2

    private struct State: ~Copyable {
        var snapshot: Snapshot?
        var users = 0
        var lastUse = 0
        var version: Int64?
        var probe: VersionProbe?
        var isReaping = false
    }

    init(path: String, activity: Activity) {
        self.path = path
        self.activity = activity
    }

    /// The database as it is now, or as the other tables of the running statement see it. Give it back with ``release()``.
    func acquire() throws(StorageError) -> Snapshot {
        try state.withLock { state throws(StorageError) in
            if state.users == 0 { try refresh(&state) }
            state.users += 1
            return state.snapshot!
        }
    }

    func release() {
        let startsReaper = state.withLock { state in
            state.users -= 1
            if let snapshot = state.snapshot { activity.report(snapshot.database.takeProblems()) }
            state.lastUse = time(nil)
            defer { state.isReaping = true }
            return !state.isReaping
        }
        if startsReaper { startReaper() }
    }

    private func refresh(_ state: inout State) throws(StorageError) {
        if state.probe == nil { state.probe = VersionProbe(path: isDirectory ? path + "/" + Database.fileName : path) }
        // Asked before the database is opened: what is written in between only makes it be opened once more.
        let version = state.probe?.version()
        if state.snapshot != nil, let version, version == state.version { return }
        state.snapshot = nil
        state.version = version
        state.snapshot = Snapshot(database: try Database.openReadOnly(path), activity: activity)
        // Where the version cannot be told, each statement opens the database.
        if version == nil { state.probe = nil }
    }

    private var isDirectory: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func startReaper() {
        var thread = pthread_t()
        let source = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(&thread, nil, reapSource, source)
        guard code != 0 else {
            pthread_detach(thread)
            return
        }
        // Without the thread the database stays open until the next statement.
        Unmanaged<Source>.fromOpaque(source).release()
        state.withLock { $0.isReaping = false }
    }

    /// Closes the database when nobody has used it for a while.
    fileprivate func reap() {
        while true {
            sleep(1)
            let isDone = state.withLock { state in
                guard state.users == 0, time(nil) - state.lastUse >= Source.idleSecondsMax else { return false }
                state.isReaping = false
                state.snapshot = nil
                state.probe = nil
                return true
            }
            if isDone { return }
        }
    }
}

private func reapSource(_ source: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // SAFETY: `startReaper` has passed a retained source to this thread alone.
    Unmanaged<Source>.fromOpaque(source!).takeRetainedValue().reap()
    return nil
}
