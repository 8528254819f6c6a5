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
    let blockTime: BlockTime
    var series = PagedTable<HeadSeries>()
    var views = ViewRegistry()
    /// Samples before this time are in blocks, and are not read from the head even while they are still there.
    var sealedEnd: Int64
    /// Earliest and latest time of what is in the head and not sealed; nil while there is nothing.
    var timeRange: ClosedRange<Int64>?
    var chunkCount = 0
    /// The newest time ever appended, what was sealed included. The writer's own.
    var newestTime: Int64?
    /// Nothing older than this is accepted. The writer's own; runs ahead of `sealedEnd` while a block is being sealed.
    var acceptedFrom: Int64

    init(blockTime: BlockTime, sealedEnd: Int64?) {
        self.blockTime = blockTime
        self.sealedEnd = sealedEnd ?? .min
        acceptedFrom = max(sealedEnd ?? .min, blockTime.minTime)
    }

    deinit {
        series.forEach { _, series in _ = series.pointee.removeChunks(before: .max) }
        series.removeAll()
    }

    /// Adds a series without samples. Called by the writer thread.
    func createSeries(_ id: UInt32, isPersisted: Bool) -> UnsafeMutablePointer<HeadSeries> {
        var element = HeadSeries()
        element.isPersisted = isPersisted
        return lock.withLock { series.insert(id, element) }
    }

    /// Removes series, which must have no chunks. Called by the writer thread.
    func removeSeries(_ ids: [UInt32]) {
        lock.withLock {
            for id in ids { series.remove(id) }
        }
    }
}
