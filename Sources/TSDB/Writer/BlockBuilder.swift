import Model

/// Writes the rows of a new block, in as many transactions as wanted. They count only when the block's own row is there.
struct BlockBuilder {
    private(set) var block: Block
    private var sharing = TimesSharing()
    /// Rows behind those of series so far.
    private var extraRows = 0
    /// Those of them that are still to be written. SQLite fills pages best when rows come in ascending order.
    private var waiting: [(row: Int64, data: ArraySlice<UInt8>)] = []
    private var waitingBytes = 0

    /// From so many bytes on, rows wait no longer: more than all of a block of 25,000 series have.
    private static let waitingBytesMax = 8 << 20
    /// How many bytes of them are written in one transaction.
    private static let flushBytes = 1 << 20
    private let encoder = SealedEncoder()

    init(number: Int64, start: Int64, end: Int64, level: Int64) {
        block = Block(
            number: number, start: start, end: end, level: level, minTime: .max, maxTime: .min, sampleCount: 0,
            byteCount: 0, series: SeriesRuns())
    }

    /// Writes the row of a series, in ascending order of series; 1...``SealedChunk/samplesMax`` samples.
    mutating func add(_ id: UInt32, _ samples: SampleBuffer, _ tables: WriterTables) throws(StorageError) {
        var list: UInt16?
        let next = extraRows < Block.extraRowsMax ? UInt16(extraRows) : nil
        if samples.histograms.isEmpty, let shared = sharing.list(of: samples, next: next) {
            list = shared.number
            if shared.isNew, let number = takeExtraRows(1) { addTimes(number, samples) }
        }
        let row = Block.row(block.number, id)
        let data = BlockRow.encode(samples, row: row, sharedTimes: list, encoder)
        try addRow(row, data, tables)
        block.series.append(id)
        block.sampleCount += Int64(samples.count)
        block.minTime = min(block.minTime, samples.timestamps[0])
        block.maxTime = max(block.maxTime, samples.timestamps[samples.count - 1])
    }

    /// Numbers for `count` successive rows, or nil where there are not as many.
    private mutating func takeExtraRows(_ count: Int) -> UInt16? {
        guard extraRows + count <= Block.extraRowsMax else { return nil }
        defer { extraRows += count }
        return UInt16(extraRows)
    }

    private mutating func addRow(_ row: Int64, _ data: [UInt8], _ tables: WriterTables) throws(StorageError) {
        let pieces = SplitRow.pieces(data.count)
        guard pieces > 0, let first = takeExtraRows(pieces) else {
            try tables.addChunk(row, data[...])
            block.byteCount += Int64(data.count)
            return
        }
        let split = SplitRow.split(data, firstPiece: first)
        try tables.addChunk(row, split.row[...])
        for (index, piece) in split.pieces.enumerated() {
            addExtraRow(Block.extraRow(block.number, first) + Int64(index), piece)
        }
        if waitingBytes > BlockBuilder.waitingBytesMax { try flush(tables) }
        block.byteCount += Int64(split.row.count + pieces * SplitRow.pieceBytes)
    }

    private mutating func addTimes(_ list: UInt16, _ samples: SampleBuffer) {
        let row = Block.extraRow(block.number, list)
        let times = UnsafeBufferPointer(start: UnsafePointer(samples.timestamps), count: samples.count)
        let data = SealedTimes.encode(times, row: row, blockStart: 0)
        addExtraRow(row, data[...])
        block.byteCount += Int64(data.count)
    }

    private mutating func addExtraRow(_ row: Int64, _ data: ArraySlice<UInt8>) {
        waiting.append((row, data))
        waitingBytes += data.count
    }

    /// Whether rows wait to be written, without which those of series cannot be read.
    var hasWaitingRows: Bool { !waiting.isEmpty }

    /// Writes some of the rows that wait.
    mutating func flush(_ tables: WriterTables) throws(StorageError) {
        var written = 0
        var bytes = 0
        while written < waiting.count, bytes < BlockBuilder.flushBytes {
            try tables.addChunk(waiting[written].row, waiting[written].data)
            bytes += waiting[written].data.count
            written += 1
        }
        waiting.removeFirst(written)
        waitingBytes -= bytes
    }
}
