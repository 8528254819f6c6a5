import Glibc
import Model

/// The one thread that changes the database: it commits what waits in the queue, and between commits seals blocks,
/// frees what is sealed, and deletes what is too old, in slices short enough that appends hardly notice.
final class Writer: @unchecked Sendable {
    // SAFETY: everything but `state`, `checkpointer` and `thread` is used by the writer thread alone from `start` to its end.
    let state: DatabaseState
    let tables: WriterTables
    let checkpointer: Checkpointer
    private var queue: WriteQueue { state.queue }
    var encoder = JournalEncoder()
    /// Where the next record goes.
    var journal: JournalPosition
    /// The block that is being sealed, and those that are being merged.
    var sealing: SealProgress?
    var merging: MergeProgress?
    /// Blocks that do not count any more, whose rows are still to be deleted.
    var leftovers: [Int64]
    /// What of the journal is sealed, and not deleted yet.
    var held: HeldSegments
    /// Blocks that would get too long by merging.
    var unmergeable: Set<Int64> = []
    private var nextBlock: Int64
    /// Reads rows of blocks as the writer's own transactions see them.
    let reader: BlockReader
    /// After a failure, when to try sealing and deleting again, in monotonic nanoseconds.
    var retryAt: UInt64 = 0
    /// What of the head is sealed and still to be freed: the next series to look at.
    var truncating: UInt32?
    /// Whether blocks or series may have become too old since it was last looked at.
    var mayHaveExpired = true
    /// Whether followers may not have had what is no longer stored.
    var mayHaveOvertaken = false
    var fullDisk = FullDiskState()
    /// Whether there may be blocks to merge, and free pages to give back.
    var mayMerge = true
    var mayVacuum = true
    /// Whether something was written since the write-ahead log was last synced.
    private var isLogDirty = true
    /// Whether nothing was appended for a while.
    private(set) var isResting = false
    private var thread: pthread_t?

    /// How long the writer is idle before it rests: the write-ahead log is synced, and the files are made short.
    private static let idleMs = 1000

    /// - Parameter leftovers: blocks that have rows and do not count.
    init(
        state: DatabaseState, connection: Connection, journal: JournalPosition, held: HeldSegments,
        leftovers: [Int64]
    ) throws(StorageError) {
        self.state = state
        self.journal = journal
        self.held = held
        self.leftovers = leftovers
        nextBlock = max(1, (leftovers + state.blocks.map(\.number)).max().map { $0 + 1 } ?? 1)
        tables = try WriterTables(connection)
        reader = try BlockReader(connection, legacyBlockMs: state.legacyBlockMs)
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
                isResting = false
                commit(work)
                isLogDirty = true
                checkpointer.bound()
                repeat { doDuties() } while isOverfull && retryAt == 0
            case .idle where hasDuties:
                doDuties()
            case .idle:
                guard isLogDirty else { continue }
                isLogDirty = false
                checkpointer.rest()
                mayVacuum = mayVacuum || !isResting
                isResting = true
            case .stop:
                tidyBeforeStop()
                return
            }
        }
    }

    /// Whether there is something to do between commits.
    private var hasDuties: Bool {
        if retryAt != 0, monotonicNs() < retryAt { return false }
        return sealing != nil || isSealDue || mayHaveOvertaken || mayHaveExpired || state.head.isForgettingDue
            || canTruncate || !leftovers.isEmpty || mayMerge || mayVacuum || fullDisk.needsRoom
    }

    /// A pass begins when no view needs anything of what it frees, and then goes on.
    var canTruncate: Bool { truncating.map { $0 > 0 || state.head.canTruncate() } ?? false }

    /// Does one slice of what is to do between commits.
    private func doDuties() {
        guard hasDuties else { return }
        retryAt = 0
        isLogDirty = true
        do throws(StorageError) {
            if canTruncate {
                truncateSlice()
            } else if fullDisk.needsRoom, sealing == nil {
                try makeRoom()
            } else if sealing != nil || isSealDue {
                try sealSlice()
            } else if mayHaveOvertaken {
                try dropOvertaken()
            } else if mayHaveExpired || state.head.isForgettingDue {
                try deleteExpired()
            } else if !leftovers.isEmpty {
                try removeLeftovers()
            } else if mayMerge {
                try mergeSlice()
            } else if mayVacuum {
                try vacuumSlice()
            }
        } catch {
            dutyFailed(error)
        }
        checkpointer.bound()
    }

    /// Whether appends have to wait, because sealing does not keep up with them.
    private var isOverfull: Bool {
        state.head.sampleCount + state.head.side.weight > headSamplesMax + state.options.headSamplesMax && hasDuties
    }

    /// How many samples are sealed before the database is closed: fewer are read from the journal as fast.
    private static let stopSealSamplesMin = 200_000

    /// Leaves little to replay to who opens the database next, and a file without much free room.
    private func tidyBeforeStop() {
        do throws(StorageError) {
            if state.head.sampleCount + state.head.side.weight >= Writer.stopSealSamplesMin { try sealAll() }
            abandonUnfinished()
            while !leftovers.isEmpty { try removeLeftovers() }
            try vacuum(pages: Writer.stopVacuumPages)
        } catch {
            dutyFailed(error)
        }
    }

    /// 32 MiB, a few tens of milliseconds.
    private static let stopVacuumPages = 2048

    /// The number of a new block.
    func takeBlockNumber() -> Int64 {
        defer { nextBlock += 1 }
        return nextBlock
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

    /// Gives up the block that is being sealed, and that which is being merged.
    private func abandonUnfinished() {
        leftovers += [sealing?.builder.block.number, merging?.builder.block.number].compactMap { $0 }
        sealing = nil
        merging = nil
    }

    private func dutyFailed(_ error: StorageError) {
        abandonUnfinished()
        if case .diskFull = error { fullDisk.note() }
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
