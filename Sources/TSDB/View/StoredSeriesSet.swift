import Model

/// The series that a selector selected; their labels and samples are read from the view when they are asked for.
struct StoredSeriesSet: SeriesSet {
    let view: View
    /// Sorted by labels. They are not forgotten as long as the view is open.
    let series: [UInt32]
    let blocks: [Block]
    let minTime: Int64
    let maxTime: Int64

    var count: Int { series.count }

    func labels(_ index: Int) -> Labels { view.state.index.labels(of: series[index]) ?? .empty }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
        try view.checkOpen()
        let id = series[index]
        let start = buffer.count
        let stored = blocks.filter { $0.series.contains(id) }
        if !stored.isEmpty, let readers = view.readers {
            try readers.withReader { (reader) throws(StorageError) in
                for block in stored { try read(block, id, reader, into: buffer) }
            }
        }
        try view.state.head.readChunks(id, view.head, minTime, maxTime, into: buffer)
        if !view.head.side.isEmpty, let side = view.head.side.series[id] {
            side.merge(into: buffer, from: start, minTime, maxTime, startTimesFrom: view.head.sealedEnd)
        }
    }

    /// Reads one row. A damaged one is reported and left out, so that it does not cost the others.
    private func read(
        _ block: Block, _ id: UInt32, _ reader: BlockReader, into buffer: SampleBuffer
    ) throws(StorageError) {
        do throws(StorageError) {
            if let error = try reader.read(block, id, minTime, maxTime, into: buffer) {
                view.state.reportDamage("block \(block.number), series \(id) (\(describe(id))): \(error)")
            }
        } catch .corrupted(let text) {
            view.state.reportDamage("block \(block.number), series \(id) (\(describe(id))): \(text)")
        }
    }

    private func describe(_ id: UInt32) -> String { view.state.index.labels(of: id)?.description ?? "" }
}
