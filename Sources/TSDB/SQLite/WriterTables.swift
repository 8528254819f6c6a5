import Model

/// The statements of the writer thread, prepared once.
final class WriterTables {
    let connection: Connection
    private let insertLabel: Statement
    private let insertSeries: Statement
    private let insertMetadata: Statement
    private let insertRecord: Statement
    private let insertChunk: Statement
    private let insertBlock: Statement
    private let deleteBlock: Statement
    private let deleteChunks: Statement
    private let deleteRecords: Statement
    private let deleteSeries: Statement
    private let deleteLabel: Statement
    private let setMeta: Statement

    init(_ connection: Connection) throws(StorageError) {
        self.connection = connection
        insertLabel = try connection.prepare("INSERT OR REPLACE INTO label VALUES (?, ?, ?)")
        insertSeries = try connection.prepare("INSERT OR REPLACE INTO series VALUES (?, ?)")
        insertMetadata = try connection.prepare("INSERT OR REPLACE INTO metadata VALUES (?, ?, ?, ?)")
        insertRecord = try connection.prepare("INSERT INTO journal VALUES (?, ?)")
        insertChunk = try connection.prepare("INSERT OR REPLACE INTO chunk VALUES (?, ?)")
        insertBlock = try connection.prepare("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?, ?)")
        deleteBlock = try connection.prepare("DELETE FROM block WHERE number = ?")
        deleteChunks = try connection.prepare("DELETE FROM chunk WHERE id BETWEEN ? AND ?")
        deleteRecords = try connection.prepare("DELETE FROM journal WHERE id < ?")
        deleteSeries = try connection.prepare("DELETE FROM series WHERE id = ?")
        deleteLabel = try connection.prepare("DELETE FROM label WHERE id = ?")
        setMeta = try connection.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)")
    }

    func addLabel(_ id: UInt32, _ name: [UInt8], _ value: [UInt8]) throws(StorageError) {
        insertLabel.bind(1, Int64(id))
        try insertLabel.run(binding: (2, name), (3, value))
    }

    /// - Parameter pairs: the numbers of its labels' rows, as varints.
    func addSeries(_ id: UInt32, pairs: [UInt8]) throws(StorageError) {
        insertSeries.bind(1, Int64(id))
        try insertSeries.run(binding: (2, pairs))
    }

    func setMetadata(_ metadata: MetricMetadata) throws(StorageError) {
        insertMetadata.bind(1, metadata.metric)
        insertMetadata.bind(2, metadata.type.rawValue)
        insertMetadata.bind(3, metadata.help)
        insertMetadata.bind(4, metadata.unit)
        try insertMetadata.run()
    }

    func addRecord(_ row: Int64, _ record: [UInt8]) throws(StorageError) {
        insertRecord.bind(1, row)
        try insertRecord.run(binding: (2, record))
    }

    func addChunk(_ row: Int64, _ data: [UInt8]) throws(StorageError) {
        insertChunk.bind(1, row)
        try insertChunk.run(binding: (2, data))
    }

    func addBlock(_ block: Block) throws(StorageError) {
        let series = block.series.encoded
        insertBlock.bind(1, block.number)
        insertBlock.bind(2, block.minTime)
        insertBlock.bind(3, block.maxTime)
        insertBlock.bind(4, block.sampleCount)
        insertBlock.bind(5, block.byteCount)
        insertBlock.bind(7, block.checksum)
        try insertBlock.run(binding: (6, series))
    }

    func removeBlock(_ number: Int64) throws(StorageError) {
        deleteBlock.bind(1, number)
        try deleteBlock.run()
        try removeChunks(Block.firstRow(number)...Block.lastRow(number))
    }

    func removeChunks(_ rows: ClosedRange<Int64>) throws(StorageError) {
        deleteChunks.bind(1, rows.lowerBound)
        deleteChunks.bind(2, rows.upperBound)
        try deleteChunks.run()
    }

    /// Deletes the records before `row`.
    func removeRecords(before row: Int64) throws(StorageError) {
        deleteRecords.bind(1, row)
        try deleteRecords.run()
    }

    func removeSeries(_ id: UInt32) throws(StorageError) {
        deleteSeries.bind(1, Int64(id))
        try deleteSeries.run()
    }

    func removeLabel(_ id: UInt32) throws(StorageError) {
        deleteLabel.bind(1, Int64(id))
        try deleteLabel.run()
    }

    func setMeta(_ key: MetaKey, _ value: Int64) throws(StorageError) {
        setMeta.bind(1, key.rawValue)
        setMeta.bind(2, value)
        try setMeta.run()
    }
}

/// Rows of the `meta` table.
enum MetaKey: String {
    /// Length of a block in milliseconds.
    case blockMs = "block_ms"
    /// Greater than every series number ever given to a stored series.
    case nextSeries = "next_series"
    /// Samples before this time are in blocks; absent before the first block.
    case sealedEnd = "sealed_end"
}

extension Statement {
    /// Binds byte arrays, runs the statement, and makes it ready for the next time.
    func run(binding first: (Int32, [UInt8]), _ second: (Int32, [UInt8])? = nil) throws(StorageError) {
        let result = first.1.withUnsafeBytes { bytes -> Result<Void, StorageError> in
            bind(first.0, bytes)
            return (second?.1 ?? []).withUnsafeBytes { more in
                if let second { bind(second.0, more) }
                return Result { () throws(StorageError) in try run() }
            }
        }
        try result.get()
    }
}
