import Model

/// Late samples on their way into blocks: which there are, and how far they have come.
struct LateSamples {
    let side: SideStore
    let end: Int64
    /// Series with samples before `end`, ascending; those before `next` are done.
    let ids: [UInt32]
    var next = 0

    /// What `side` has before `end`; nil where there is nothing.
    init?(_ side: SideStore, before end: Int64) {
        if side.isEmpty || end == .min { return nil }
        ids = side.series.keys.filter { side.hasSamples($0, .min, end - 1) }.sorted()
        if ids.isEmpty { return nil }
        self.side = side
        self.end = end
    }
}

extension Writer {
    /// Series whose late samples go into blocks in one slice.
    private static let sliceLateSeries = 64

    /// Brings the late samples of some series into blocks, and takes them out of memory with the commits that do.
    /// - Returns: what is left to do.
    func mergeLateSlice(_ late: LateSamples) throws(StorageError) -> LateSamples? {
        let ids = late.ids[late.next..<min(late.ids.count, late.next + Writer.sliceLateSeries)]
        var places: [Place: [UInt32]] = [:]
        for id in ids {
            for time in late.side.series[id]?.times(before: late.end) ?? [] {
                let place = self.place(of: time)
                if places[place]?.last != id { places[place, default: []].append(id) }
            }
        }
        for (place, ids) in places.sorted(by: { $0.key.start < $1.key.start }) {
            try rewrite(place, ids) { id, buffer in
                guard let side = late.side.series[id] else { return 0 }
                return side.merge(into: buffer, from: 0, place.start, place.end - 1, startTimesFrom: .max)
            } shown: {
                state.head.removeSide(of: late.side, from: place.start, to: place.end, ids)
            }
        }
        var rest = late
        rest.next = ids.endIndex
        return rest.next < rest.ids.count ? rest : nil
    }

    /// A stretch of time that a block covers, or could.
    struct Place: Hashable {
        var start: Int64
        var end: Int64
        /// The block's number, where there is one.
        var block: Int64?
    }

    /// The block that a sample before the end of what is sealed goes into.
    func place(of time: Int64) -> Place {
        let blocks = state.gate.withLock { state.blocks }
        var low = state.windows.start(of: state.windows.number(of: time))
        var high = min(state.windows.end(of: state.windows.number(of: time)), state.head.sealedEnd)
        for block in blocks {
            if block.start <= time, time < block.end {
                return Place(start: block.start, end: block.end, block: block.number)
            }
            if block.end <= time { low = max(low, block.end) }
            if block.start > time { high = min(high, block.start) }
        }
        return Place(start: low, end: high, block: nil)
    }

    /// Writes rows of a block anew, in one transaction with the block's own row, which is made where there was none and
    /// goes where nothing is left.
    ///
    /// - Parameters:
    ///   - ids: ascending.
    ///   - change: changes the samples of a series, and gives the number of something to count.
    ///   - shown: called under the gate and the head's lock when the change is committed.
    /// - Returns: what `change` has counted.
    @discardableResult
    func rewrite(
        _ place: Place, _ ids: [UInt32], _ change: (UInt32, SampleBuffer) -> Int, shown: () -> Void = {}
    ) throws(StorageError) -> Int {
        cancelMerging(from: place.start, to: place.end)
        let known = state.gate.withLock { state.blocks.first { $0.number == place.block } }
        var block =
            known
            ?? BlockBuilder(number: takeBlockNumber(), start: place.start, end: place.end, level: 0).block
        let encoder = SealedEncoder()
        let buffer = SampleBuffer()
        var counted = 0
        try tables.transaction(
            commit: { (commit) throws(StorageError) in
                try state.gate.withLock { () throws(StorageError) in
                    try commit()
                    state.replaceBlocks([block.number], with: block.series.count > 0 ? block : nil)
                    state.head.lock.withLock { shown() }
                }
            },
            { () throws(StorageError) in
                var changed: [(id: UInt32, isThere: Bool)] = []
                for id in ids {
                    buffer.removeAll()
                    try readRow(block, id, buffer)
                    let before = buffer.count
                    counted += change(id, buffer)
                    changed.append((id, buffer.count > 0))
                    try writeRow(&block, id, buffer, samplesBefore: before, encoder)
                }
                block.series = block.series.changing(changed)
                if block.series.count > 0 {
                    try tables.addBlock(block)
                } else {
                    try tables.removeBlock(block.number)
                    try tables.removeChunks(Block.firstRow(block.number)...Block.lastRow(block.number))
                }
            })
        mayMerge = true
        return counted
    }

    /// Reads a row of a block that has it. A damaged one is set aside.
    private func readRow(_ block: Block, _ id: UInt32, _ buffer: SampleBuffer) throws(StorageError) {
        guard block.series.contains(id) else { return }
        guard let error = try reader.read(block, id, .min, .max, into: buffer) else { return }
        let reason = "block \(block.number), series \(id): \(error)"
        state.reportDamage(reason)
        try tables.setAside(Block.row(block.number, id), reason: reason)
    }

    private func writeRow(
        _ block: inout Block, _ id: UInt32, _ buffer: SampleBuffer, samplesBefore: Int, _ encoder: SealedEncoder
    ) throws(StorageError) {
        let row = Block.row(block.number, id)
        block.byteCount -= try tables.removeRow(row)
        block.sampleCount += Int64(buffer.count - samplesBefore)
        guard buffer.count > 0 else { return }
        guard buffer.count <= SealedChunk.samplesMax else {
            throw .io("series \(id) has \(buffer.count) samples in one block, \(SealedChunk.samplesMax) are possible")
        }
        let data = BlockRow.encode(buffer, row: row, sharedTimes: nil, encoder)
        try tables.addChunk(row, data[...])
        block.byteCount += Int64(data.count)
        block.minTime = min(block.minTime, buffer.timestamps[0])
        block.maxTime = max(block.maxTime, buffer.timestamps[buffer.count - 1])
    }
}

extension SideSeries {
    /// The times of its samples before `end`.
    func times(before end: Int64) -> [Int64] {
        floats.range(.min, end - 1).map(\.time) + histograms.range(.min, end - 1).map(\.time)
    }
}
