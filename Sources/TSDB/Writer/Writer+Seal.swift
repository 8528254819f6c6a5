import Model

/// How far the sealing of a block has come.
///
/// Rows are written in several transactions. They count only when the block's own row is there, which comes with the
/// last one; what an interrupted sealing has left is deleted at the next opening, or overwritten.
struct SealProgress {
    let block: Int64
    /// The next series to look at.
    var next: UInt32 = 0
    var series = SeriesRuns()
    var samples = 0
    var bytes = 0
    var minTime = Int64.max
    var maxTime = Int64.min
}

extension Writer {
    /// Series looked at in one slice: few enough that a slice takes milliseconds.
    private static let sliceSeries: UInt32 = 1024

    /// Whether the head reaches half a block further than the end of its oldest block.
    var isSealDue: Bool {
        guard let range = state.head.timeRange, let newest = state.head.newestTime else { return false }
        let end = state.blockTime.end(of: state.blockTime.number(of: range.lowerBound))
        let due = end.addingReportingOverflow(state.blockTime.lengthMs / 2)
        return !due.overflow && newest >= due.partialValue
    }

    /// Begins the sealing of the head's oldest block, or goes on with one, or ends it.
    func sealSlice() throws(StorageError) {
        guard var progress = sealing ?? begin() else { return }
        let end = state.head.series.end
        if progress.next < end {
            let range = progress.next..<min(end, progress.next &+ Writer.sliceSeries)
            try tables.connection.transaction { () throws(StorageError) in try sealSeries(range, &progress) }
            progress.next = range.upperBound
            sealing = progress
        } else {
            try finishSealing(progress)
            sealing = nil
        }
    }

    private func begin() -> SealProgress? {
        guard let range = state.head.timeRange else { return nil }
        let block = state.blockTime.number(of: range.lowerBound)
        // From here on the block does not change.
        state.head.acceptedFrom = max(state.head.acceptedFrom, state.blockTime.end(of: block))
        return SealProgress(block: block)
    }

    private func sealSeries(_ range: Range<UInt32>, _ progress: inout SealProgress) throws(StorageError) {
        let start = state.blockTime.start(of: progress.block)
        let buffer = SampleBuffer()
        for id in range {
            guard let series = state.head.series[id]?.pointee, series.first != nil else { continue }
            buffer.removeAll()
            do throws(DecodeError) {
                try state.head.readBlock(progress.block, of: series, into: buffer)
            } catch {
                state.reportDamage("series \(id), block \(progress.block), in memory: \(error)")
            }
            guard buffer.count > 0 else { continue }
            let row = Block.row(progress.block, id)
            let data = SealedChunk.encode(buffer, row: row, blockStart: start)
            try tables.addChunk(row, data)
            progress.series.append(id)
            progress.samples += buffer.count
            progress.bytes += data.count
            progress.minTime = min(progress.minTime, buffer.timestamps[0])
            progress.maxTime = max(progress.maxTime, buffer.timestamps[buffer.count - 1])
        }
    }

    /// Makes the block count, and the head's part of it no longer: at once for every view.
    private func finishSealing(_ progress: SealProgress) throws(StorageError) {
        let block = Block(
            number: progress.block, minTime: progress.minTime, maxTime: progress.maxTime,
            sampleCount: Int64(progress.samples), byteCount: Int64(progress.bytes), series: progress.series)
        let end = state.blockTime.end(of: block.number)
        try tables.connection.transaction(
            commit: { (commit) throws(StorageError) in
                try state.gate.withLock { () throws(StorageError) in
                    try commit()
                    state.head.setSealedEnd(end)
                    if block.series.count > 0 { state.blocks.append(block) }
                    state.blocksVersion += 1
                }
            },
            { () throws(StorageError) in
                if block.series.count > 0 { try tables.addBlock(block) }
                try tables.removeRecords(before: Block.firstRow(block.number + 1))
                try tables.setMeta(.sealedEnd, end)
            })
        state.counters.seals.add()
        state.head.findTimeRange()
        truncating = 0
        mayHaveExpired = true
    }

    /// Frees a slice of what is sealed.
    func truncateSlice() {
        guard let next = truncating else { return }
        let end = state.head.series.end
        let range = next..<min(max(end, next), next &+ 4 * Writer.sliceSeries)
        let removed = state.head.truncate(range)
        state.counters.chunksRemoved.add(removed)
        truncating = range.upperBound < end ? range.upperBound : nil
        guard truncating == nil else { return }
        releaseFreedMemory()
        mayHaveExpired = true
    }
}
