import Model

/// The series that a selector selected; their samples are read from the view when they are asked for.
struct StoredSeriesSet: SeriesSet {
    let view: View
    let series: [LabelledSeries]
    let blocks: [Block]
    let minTime: Int64
    let maxTime: Int64

    var count: Int { series.count }

    func labels(_ index: Int) -> Labels { series[index].labels }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
        try view.checkOpen()
        let id = series[index].id
        let stored = blocks.filter { $0.series.contains(id) }
        if !stored.isEmpty, let readers = view.readers {
            try readers.withReader { (reader) throws(StorageError) in
                for block in stored { try read(block.number, id, reader, into: buffer) }
            }
        }
        try view.state.head.read(id, view.head, minTime, maxTime, into: buffer)
    }

    /// Reads one row. A damaged one is reported and left out, so that it does not cost the others.
    private func read(
        _ block: Int64, _ id: UInt32, _ reader: BlockReader, into buffer: SampleBuffer
    ) throws(StorageError) {
        let row = Block.row(block, id)
        let start = view.state.blockTime.start(of: block)
        do throws(StorageError) {
            let result = try reader.withRow(row) { (bytes) throws(DecodeError) in
                guard let bytes else { throw DecodeError("the row is missing") }
                try SealedChunk.decode(bytes, row: row, blockStart: start, from: minTime, to: maxTime, into: buffer)
            }
            if case .failure(let error) = result {
                view.state.reportDamage("block \(block), series \(id) (\(describe(id))): \(error)")
            }
        } catch .corrupted(let text) {
            view.state.reportDamage("block \(block), series \(id) (\(describe(id))): \(text)")
        }
    }

    private func describe(_ id: UInt32) -> String {
        series.first { $0.id == id }?.labels.description ?? ""
    }
}
