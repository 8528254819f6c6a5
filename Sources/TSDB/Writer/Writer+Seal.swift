import Model

/// How far the sealing of a block has come.
///
/// Rows are written in several transactions. They count only when the block's own row is there, which comes with the
/// last one; what an interrupted sealing has left is deleted at the next opening.
struct SealProgress {
    var builder: BlockBuilder
    /// What the series had beside their chunks when it began.
    let side: SideStore
    /// Late samples that go into older blocks come first.
    var late: LateSamples?
    /// The first row of the journal that can have samples which came since it began.
    let recordsFrom: Int64
    /// The next series to look at.
    var next: UInt32 = 0
    /// Samples that were in chunks.
    var chunkSamples = 0

    var start: Int64 { builder.block.start }
    var end: Int64 { builder.block.end }
}

extension Writer {
    /// Series looked at in one slice: few enough that a slice takes milliseconds.
    private static let sliceSeries: UInt32 = 512
    /// The most samples that a slice encodes beyond its first series.
    static let sliceSamplesMax = 200_000

    /// How far behind the newest sample the end of a block is at least, in milliseconds. Later samples are stored too,
    /// but each costs the rewriting of a row.
    private static let lagMs: Int64 = 2 * 60_000
    private static let lagMsMax: Int64 = 30 * 60_000

    /// Whether the head reaches far enough beyond the window of its oldest sample, or is full.
    var isSealDue: Bool { sealEnd != nil }

    /// Where the next block would end, or nil where it is too early for one.
    private var sealEnd: Int64? {
        let head = state.head
        guard let newest = head.newestTime else { return nil }
        guard let low = oldestUnsealed else {
            // Late samples alone fill it.
            return head.side.weight >= headSamplesMax ? max(newest + 1, head.sealedEnd) : nil
        }
        let window = state.windows.end(of: state.windows.number(of: low))
        let margin = min(state.windows.lengthMs / 2, Writer.lagMsMax)
        if newest >= window.addingReportingOverflow(margin).partialValue, window < Head.maxTime { return window }
        guard head.sampleCount + head.side.weight >= headSamplesMax else { return nil }
        // Full: what is surely complete, but at least half of the time it spans.
        let lag = min(max(Writer.lagMs, head.latenessMs + head.latenessMs / 4), Writer.lagMsMax)
        let end = min(window, max(newest - lag, low + (newest - low) / 2 + 1))
        return end > low ? end : nil
    }

    /// How many samples the head holds before some are sealed: the more series, the more, so that their rows do not get
    /// short. Where 200,000 series are scraped every second, that takes half of the whole server's processor time away,
    /// for a sixth more memory; twice as many samples again would save a tenth and take another one.
    var headSamplesMax: Int {
        state.options.headSamplesMax * min(max(state.head.series.count / Writer.headSeries, 1), Writer.headFactorMax)
    }

    /// From twice as many series on, the head holds more.
    private static let headSeries = 25_000
    private static let headFactorMax = 4

    /// The oldest time that is in no block, of samples that sealing takes out of memory.
    private var oldestUnsealed: Int64? {
        [state.head.timeRange?.lowerBound, state.head.sideFrom].compactMap { $0 }.min()
    }

    /// Begins the sealing of the head's oldest samples, or goes on with one, or ends it.
    func sealSlice() throws(StorageError) {
        if sealing == nil, let end = sealEnd { beginSealing(to: end) }
        guard var progress = sealing else { return }
        if let late = progress.late {
            progress.late = try mergeLateSlice(late)
        } else if progress.next < state.head.series.end {
            try tables.transaction { () throws(StorageError) in try sealSeries(&progress) }
        } else if progress.builder.hasWaitingRows {
            try tables.transaction { () throws(StorageError) in try progress.builder.flush(tables) }
        } else {
            try finishSealing(progress)
            sealing = nil
            return
        }
        sealing = progress
    }

    /// Lets everything before `end` go into blocks.
    func beginSealing(to end: Int64) {
        let head = state.head
        let low = min(oldestUnsealed ?? end - 1, end - 1)
        let start = max(head.sealedEnd, state.windows.start(of: state.windows.number(of: low)))
        // From here on the block gets nothing from commits.
        head.chunksFrom = max(head.chunksFrom, end)
        head.latenessMs = 0
        var progress = SealProgress(
            builder: BlockBuilder(number: takeBlockNumber(), start: start, end: end, level: 0), side: head.side,
            recordsFrom: journal.separate(from: end))
        progress.late = LateSamples(head.side, before: start)
        sealing = progress
    }

    private func sealSeries(_ progress: inout SealProgress) throws(StorageError) {
        let end = min(state.head.series.end, progress.next &+ Writer.sliceSeries)
        let before = progress.builder.block.sampleCount
        let buffer = SampleBuffer()
        while progress.next < end, progress.builder.block.sampleCount - before < Writer.sliceSamplesMax {
            let id = progress.next
            progress.next += 1
            guard let series = state.head.series[id]?.pointee else { continue }
            let side = progress.side.isEmpty ? nil : progress.side.series[id]
            guard series.first != nil || side != nil else { continue }
            buffer.removeAll()
            do throws(DecodeError) {
                try state.head.readChunks(of: series, from: progress.start, to: progress.end, into: buffer)
            } catch {
                state.reportDamage("series \(id), \(progress.start) to \(progress.end), in memory: \(error)")
            }
            progress.chunkSamples += buffer.count
            side?.merge(
                into: buffer, from: 0, progress.start, progress.end - 1, startTimesFrom: progress.start)
            guard buffer.count > 0 else { continue }
            try progress.builder.add(id, buffer, tables)
        }
    }

    /// Makes the block count, and the head's part of it no longer: at once for every view.
    private func finishSealing(_ progress: SealProgress) throws(StorageError) {
        let block = progress.builder.block
        // Late samples that came meanwhile are in no block.
        let firstRecord = min(journal.firstRow(reaching: progress.end), progress.recordsFrom)
        try tables.transaction(
            commit: { (commit) throws(StorageError) in
                try state.gate.withLock { () throws(StorageError) in
                    try commit()
                    state.head.setSealedEnd(progress.end, samples: progress.chunkSamples)
                    state.head.lock.withLock {
                        let ids = Array(progress.side.series.keys)
                        state.head.removeSide(of: progress.side, from: progress.start, to: progress.end, ids)
                    }
                    if block.series.count > 0 { state.replaceBlocks([], with: block) }
                }
            },
            { () throws(StorageError) in
                if block.series.count > 0 { try tables.addBlock(block) }
                try removeSealedRecords(before: firstRecord)
                try keepStartTimes(before: progress.end)
                try tables.setMeta(.sealedEnd, progress.end)
            })
        sealedRecordsRemoved(before: firstRecord)
        state.counters.seals.add()
        state.head.findTimeRange()
        truncating = 0
        mayHaveExpired = true
        mayMerge = true
    }

    /// Writes down anew which start times hold at `end`: the records that said so may go, and what follows builds on them.
    private func keepStartTimes(before end: Int64) throws(StorageError) {
        var entries: [SideEntry] = []
        for (id, side) in state.head.side.series.sorted(by: { $0.key < $1.key }) {
            guard let last = side.startTimes.last(where: { $0.time < end }) else { continue }
            entries.append(SideEntry(series: id, time: last.time, sample: .startTime(last.startTime)))
        }
        try addRecords(entries)
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

    /// Puts all that is in memory into blocks, however long it takes.
    func sealAll() throws(StorageError) {
        while sealing != nil { try sealSlice() }
        while let newest = state.head.newestTime, oldestUnsealed != nil || !state.head.side.hasNoSamples {
            let low = oldestUnsealed ?? newest
            let window = state.windows.end(of: state.windows.number(of: low))
            beginSealing(to: max(min(window, newest + 1), state.head.sealedEnd))
            while sealing != nil { try sealSlice() }
        }
        while canTruncate { truncateSlice() }
    }
}
