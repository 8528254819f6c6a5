import Model

/// The newest samples of every series, in memory.
///
/// The writer thread alone changes it. It looks at the head without the lock, and changes what readers can see under
/// it: a whole commit is applied in one section, so that a view has all of it or nothing. Readers take the lock for as
/// long as it takes to copy what may still grow, and decode outside.
final class Head: @unchecked Sendable {
    // SAFETY: everything below is read by readers and changed by the writer thread under `lock` only; what is marked
    // as the writer's own is used by the writer thread alone, or before it starts.
    let lock = Lock()
    var series = PagedTable<HeadSeries>()
    /// What the series have that is not in chunks.
    var side = SideStore()
    /// The earliest time in `side` that is not before `sealedEnd`. The writer's own.
    var sideFrom: Int64?
    var views = ViewRegistry()
    /// Samples before this time are in blocks, and are not read from chunks even while they are still there.
    var sealedEnd: Int64
    /// Earliest and latest time of what is in chunks and not sealed; nil while there is nothing.
    var timeRange: ClosedRange<Int64>?
    var chunkCount = 0
    /// Samples in chunks that are not sealed.
    var sampleCount = 0
    /// The newest time ever appended, what was sealed included. The writer's own.
    var newestTime: Int64?
    /// Samples older than this do not go into chunks. The writer's own; runs ahead of `sealedEnd` while a block is being
    /// sealed.
    var chunksFrom: Int64
    /// How far behind the newest sample one was that went into a chunk, at most, since the last sealing. The writer's
    /// own.
    var latenessMs: Int64 = 0
    /// The newest generation of views that may have samples which were deleted since, and with them their series.
    private var deletedSince: UInt32 = 0
    /// Whether series wait to be forgotten until those views are closed.
    private var hasForgettable = false
    /// The newest exemplar of each series that got one since the database was opened. The writer's own.
    var newestExemplars: [UInt32: ExemplarSample] = [:]

    init(sealedEnd: Int64?) {
        self.sealedEnd = sealedEnd ?? .min
        chunksFrom = max(sealedEnd ?? .min, Head.minTime)
    }

    deinit {
        series.forEach { _, series in _ = series.pointee.removeChunks(before: .max) }
        series.removeAll()
    }

    /// The least and the greatest time that a sample can have: 146 million years from the epoch, so that times can be
    /// added and subtracted.
    static let minTime: Int64 = -1 << 62
    static let maxTime: Int64 = 1 << 62

    /// Adds a series without samples. Called by the writer thread.
    func createSeries(_ id: UInt32, isPersisted: Bool) -> UnsafeMutablePointer<HeadSeries> {
        var element = HeadSeries()
        element.isPersisted = isPersisted
        return lock.withLock { series.insert(id, element) }
    }

    /// Says that samples were deleted that open views still have. Called by the writer thread.
    func noteDeletion() {
        lock.withLock { deletedSince = views.currentGeneration }
    }

    /// Whether no open view has series whose samples were deleted: else they are to be forgotten later.
    /// - Parameter any: whether there are series to forget.
    func canForget(any: Bool) -> Bool {
        lock.withLock {
            hasForgettable = any && (views.oldestGeneration ?? .max) <= deletedSince
            return !hasForgettable
        }
    }

    /// Whether series waited to be forgotten, and need not any more.
    var isForgettingDue: Bool {
        lock.withLock { hasForgettable && (views.oldestGeneration ?? .max) > deletedSince }
    }

    /// Removes series, which must have no chunks. Called by the writer thread.
    func removeSeries(_ ids: [UInt32]) {
        lock.withLock {
            for id in ids {
                series.remove(id)
                side.remove(id)
            }
        }
    }
}
