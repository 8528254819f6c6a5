import Model

/// One thread's scratch memory and counters, reused from series to series. Not thread-safe.
final class Worker {
    let context: QueryContext
    /// Samples that selectors and range functions looked at.
    var samplesRead = 0

    private var freeBuffers: [SampleBuffer] = []
    private var freeColumns: [Column] = []
    /// Of the largest run that was decoded so far; its room is what the worker holds.
    private var largestRead = 0

    init(_ context: QueryContext) { self.context = context }

    deinit {
        for column in freeColumns { (column - 1).deallocate() }
        context.release(largestRead)
        context.addSamplesRead(samplesRead)
    }

    func takeBuffer() -> SampleBuffer {
        let buffer = freeBuffers.popLast() ?? SampleBuffer()
        buffer.removeAll()
        return buffer
    }

    func giveBack(_ buffer: SampleBuffer) { freeBuffers.append(buffer) }

    /// Room for `count` doubles, not initialised.
    func takeColumn(_ count: Int) -> Column {
        if let index = freeColumns.lastIndex(where: { room($0) >= count }) { return freeColumns.remove(at: index) }
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
        try account(held)
    }

    /// Notes that `count` samples lie decoded at a time.
    func account(_ count: Int) throws(QueryError) {
        guard count > largestRead else { return }
        let more = count - largestRead
        largestRead = count
        try context.hold(more)
    }
}
