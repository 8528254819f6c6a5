import Model

/// Writes the rows of a new block, in as many transactions as wanted. They count only when the block's own row is there.
struct BlockBuilder {
    private(set) var block: Block
    private var sharing = TimesSharing()
    private let encoder = SealedEncoder()

    init(number: Int64, start: Int64, end: Int64, level: Int64) {
        block = Block(
            number: number, start: start, end: end, level: level, minTime: .max, maxTime: .min, sampleCount: 0,
            byteCount: 0, series: SeriesRuns())
    }

    /// Writes the row of a series, in ascending order of series; 1...``SealedChunk/samplesMax`` samples.
    mutating func add(_ id: UInt32, _ samples: SampleBuffer, _ tables: WriterTables) throws(StorageError) {
        var list: UInt16?
        if samples.histograms.isEmpty, let shared = sharing.list(of: samples) {
            list = shared.number
            if shared.isNew { try addTimes(shared.number, samples, tables) }
        }
        let row = Block.row(block.number, id)
        let data = BlockRow.encode(samples, row: row, sharedTimes: list, encoder)
        try tables.addChunk(row, data)
        block.series.append(id)
        block.sampleCount += Int64(samples.count)
        block.byteCount += Int64(data.count)
        block.minTime = min(block.minTime, samples.timestamps[0])
        block.maxTime = max(block.maxTime, samples.timestamps[samples.count - 1])
    }

    private mutating func addTimes(
        _ list: UInt16, _ samples: SampleBuffer, _ tables: WriterTables
    ) throws(StorageError) {
        let row = Block.timesRow(block.number, list)
        let times = UnsafeBufferPointer(start: UnsafePointer(samples.timestamps), count: samples.count)
        let data = SealedTimes.encode(times, row: row, blockStart: 0)
        try tables.addChunk(row, data)
        block.byteCount += Int64(data.count)
    }
}
