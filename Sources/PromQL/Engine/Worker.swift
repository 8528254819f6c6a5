import Model
import Synchronization

/// One thread's scratch memory and counters, reused from series to series. Not thread-safe.
final class Worker {
    let context: QueryContext
    /// Which operator the thread works for; nil where nobody asks.
    let clock: TraceClock?
    private var samples: SampleCounts

    private var freeBuffers: [SampleBuffer] = []
    private var freeColumns: [Column] = []
    /// Of the largest run that was decoded so far; its room is what the worker holds.
    private var largestRead = 0

    /// - Parameter clock: of another thread than that which plans, its own.
    init(_ context: QueryContext, clock: TraceClock? = nil) {
        self.context = context
        self.clock = clock ?? context.trace?.clock
        samples = SampleCounts(context)
    }

    deinit {
        for buffer in freeBuffers { context.buffers.giveBack(buffer) }
        for column in freeColumns {
            context.release(room(column))
            (column - 1).deallocate()
        }
        context.release(largestRead)
        context.add(samples)
        clock?.charge()
    }

    func takeBuffer() -> SampleBuffer {
        guard let buffer = freeBuffers.popLast() else { return context.buffers.take() }
        buffer.removeAll()
        return buffer
    }

    func giveBack(_ buffer: SampleBuffer) { freeBuffers.append(buffer) }

    /// Room for `count` doubles, not initialised.
    /// - Throws: where the query's budget does not allow for it.
    func takeColumn(_ count: Int) throws(QueryError) -> Column {
        if let index = freeColumns.lastIndex(where: { room($0) >= count }) { return freeColumns.remove(at: index) }
        try context.hold(count)
        // How much room there is stands before a column.
        let column = Column.allocate(capacity: count + 1) + 1
        (column - 1).initialize(to: Double(bitPattern: UInt64(count)))
        return column
    }

    func giveBack(_ column: Column) { freeColumns.append(column) }

    private func room(_ column: Column) -> Int { Int((column - 1).pointee.bitPattern) }

    /// Fills `buffer` with one stored series.
    func read(_ set: any SeriesSet, _ index: Int, into buffer: SampleBuffer) throws(QueryError) {
        do throws(StorageError) {
            try set.read(index, into: buffer)
        } catch {
            throw .storage(error)
        }
        var held = buffer.count
        // A histogram's value means nothing; here it says whether the histogram ends its series.
        for one in buffer.histograms {
            buffer.values[one.index] = one.histogram.isStale ? absentValue : 0
            held += one.histogram.heldSamples
        }
        clock?.node.read(buffer)
        try account(held)
    }

    /// Counts samples that a selector or a range function looked at.
    ///
    /// - Parameters:
    ///   - total: how many at all steps.
    ///   - atSteps: adds how many at each step; called only where somebody asks.
    func count(_ total: Int, atSteps: (inout [Int]) -> Void) {
        clock?.node.samplesSeen.add(total, ordering: .relaxed)
        samples.total &+= total
        if !samples.atStep.isEmpty { atSteps(&samples.atStep) }
    }

    /// Runs `body`, what is looked at in which counts once for each of `steps` steps.
    func counting<Value>(
        times steps: Int, _ body: () throws(QueryError) -> Value
    ) throws(QueryError) -> Value {
        let before = samples
        defer { samples.repeat(since: before, steps: steps) }
        return try body()
    }

    /// Notes that `count` samples lie decoded at a time.
    func account(_ count: Int) throws(QueryError) {
        guard count > largestRead else { return }
        let more = count - largestRead
        largestRead = count
        try context.hold(more)
    }
}
