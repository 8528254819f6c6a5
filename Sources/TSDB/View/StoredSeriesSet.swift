import Model

/// The series that a selector selected; their labels and samples are read from the view when they are asked for.
struct StoredSeriesSet: SeriesSet {
    let view: View
    /// Sorted by labels. They are not forgotten as long as the view is open.
    let series: [UInt32]
    let blocks: [Block]
    let minTime: Int64
    let maxTime: Int64
    /// Whether the rows that are read go into the cache.
    let keepsRows: Bool

    var count: Int { series.count }

    func labels(_ index: Int) -> Labels { view.state.index.labels(of: series[index]) ?? .empty }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
        try view.checkOpen()
        let id = series[index]
        let start = buffer.count
        for block in blocks where block.series.contains(id) { try read(block, id, into: buffer) }
        try view.state.head.readChunks(id, view.head, minTime, maxTime, into: buffer)
        if !view.head.side.isEmpty, let side = view.head.side.series[id] {
            side.merge(into: buffer, from: start, minTime, maxTime, startTimesFrom: view.head.sealedEnd)
        }
    }

    /// Reads one row, from memory where it was read before. A damaged one is reported and left out, so that it does not
    /// cost the others.
    private func read(_ block: Block, _ id: UInt32, into buffer: SampleBuffer) throws(StorageError) {
        let cache = view.state.rowCache
        let key = RowCache.Key(block, id)
        if cache.read(key, minTime, maxTime, into: buffer) { return }
        guard let readers = view.readers else { return }
        do throws(StorageError) {
            let error = try readers.withReader { (reader) throws(StorageError) -> DecodeError? in
                if keepsRows, cache.takesMore() { return try readWhole(block, id, reader, into: buffer) }
                return try reader.read(block, id, minTime, maxTime, into: buffer)
            }
            if let error { view.state.reportDamage("block \(block.number), series \(id) (\(describe(id))): \(error)") }
        } catch .corrupted(let text) {
            view.state.reportDamage("block \(block.number), series \(id) (\(describe(id))): \(text)")
        }
    }

    /// Reads all of a row, for the cache, and leaves in `buffer` what was asked for.
    private func readWhole(
        _ block: Block, _ id: UInt32, _ reader: BlockReader, into buffer: SampleBuffer
    ) throws(StorageError) -> DecodeError? {
        let (start, bytes) = (buffer.count, buffer.stored.bytes)
        if let error = try reader.read(block, id, .min, .max, into: buffer) { return error }
        view.state.rowCache.keep(
            RowCache.Key(block, id), buffer, from: start, storedBytes: buffer.stored.bytes - bytes)
        buffer.trim(from: start, minTime: minTime, maxTime: maxTime)
        return nil
    }

    private func describe(_ id: UInt32) -> String { view.state.index.labels(of: id)?.description ?? "" }
}
