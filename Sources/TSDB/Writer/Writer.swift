import Glibc
import Model

/// The one thread that changes the database: it commits what waits in the queue, and between commits seals blocks,
/// frees what is sealed, and deletes what is too old, in slices short enough that appends hardly notice.
final class Writer: @unchecked Sendable {
    // SAFETY: everything but `state`, `checkpointer` and `thread` is used by the writer thread alone from `start` to its end.
    let state: DatabaseState
    let tables: WriterTables
    private let checkpointer: Checkpointer
    private var queue: WriteQueue { state.queue }
    var encoder = JournalEncoder()
    /// Where the next record goes.
    var journal: JournalPosition
    /// The block that is being sealed.
    var sealing: SealProgress?
    /// After a failure, when to try sealing and deleting again, in monotonic nanoseconds.
    var retryAt: UInt64 = 0
    /// What of the head is sealed and still to be freed: the next series to look at.
    var truncating: UInt32?
    /// Whether blocks or series may have become too old since it was last looked at.
    var mayHaveExpired = true
    /// Whether something was written since the write-ahead log was last synced.
    private var isLogDirty = true
    private var thread: pthread_t?

    /// How long the writer is idle before the write-ahead log is synced.
    private static let idleMs = 1000

    init(state: DatabaseState, connection: Connection, journal: JournalPosition) throws(StorageError) {
        self.state = state
        self.journal = journal
        tables = try WriterTables(connection)
        checkpointer = try Checkpointer(state: state)
        checkpointer.watch(connection)
    }

    func start() throws(StorageError) {
        try checkpointer.start()
        do throws(StorageError) {
            thread = try startThread(self, runWriter, "writer")
        } catch {
            checkpointer.stop()
            throw error
        }
    }

    /// Finishes what waits, and returns when the thread has ended.
    func stop() {
        queue.stop()
        if let thread { pthread_join(thread, nil) }
        thread = nil
        checkpointer.stop()
    }

    fileprivate func run() {
        while true {
            let hasDuties = self.hasDuties
            switch queue.next(waiting: hasDuties ? 0 : isLogDirty || retryAt != 0 ? Writer.idleMs : nil) {
            case .work(let work):
                commit(work)
                isLogDirty = true
                checkpointer.bound()
                doDuties()
            case .idle where hasDuties:
                doDuties()
            case .idle:
                if isLogDirty { checkpointer.rest() }
                isLogDirty = false
            case .stop:
                return
            }
        }
    }

    /// Whether there is something to do between commits.
    private var hasDuties: Bool {
        if retryAt != 0, monotonicNs() < retryAt { return false }
        return sealing != nil || isSealDue || mayHaveExpired || canTruncate
    }

    /// A pass begins when no view needs anything of what it frees, and then goes on.
    private var canTruncate: Bool { truncating.map { $0 > 0 || state.head.canTruncate() } ?? false }

    /// Does one slice of what is to do between commits.
    private func doDuties() {
        guard hasDuties else { return }
        retryAt = 0
        isLogDirty = true
        do throws(StorageError) {
            if canTruncate {
                truncateSlice()
            } else if sealing != nil || isSealDue {
                try sealSlice()
            } else if mayHaveExpired {
                try deleteExpired()
            }
        } catch {
            dutyFailed(error)
        }
        checkpointer.bound()
    }

    /// Does all that is due now, however long it takes.
    func doAllDuties() throws(StorageError) {
        retryAt = 0
        while hasDuties {
            doDuties()
            if retryAt != 0 { throw .io(state.messages.all.last ?? "sealing failed") }
        }
    }

    /// How long sealing and deleting rest after a failure.
    private static let retryNs: UInt64 = 5_000_000_000

    private func dutyFailed(_ error: StorageError) {
        sealing = nil
        retryAt = monotonicNs() + Writer.retryNs
        state.counters.maintenanceFailures.add()
        state.messages.add("sealing or deleting blocks: \(error)")
    }
}

private func runWriter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<Writer>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
