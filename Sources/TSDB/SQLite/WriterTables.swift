import Model

/// The statements of the writer thread, prepared once.
final class WriterTables {
    let connection: Connection
    private let room: FileRoom
    private let insertLabel: Statement
    private let insertSeries: Statement
    private let insertMetadata: Statement
    private let insertRecord: Statement
    private let insertChunk: Statement
    private let insertBlock: Statement
    private let deleteBlock: Statement
    private let chunkBytes: Statement
    private let insertExemplar: Statement
    private let deleteExemplars: Statement
    private let deleteChunks: Statement
    private let chunkBehind: Statement
    private let deleteRecords: Statement
    private let deleteSeries: Statement
    private let deleteLabel: Statement
    private let setMeta: Statement
    private let insertFollower: Statement
    private let deleteFollower: Statement

    /// The most exemplars kept; older ones go.
    /// - Source: Prometheus's default of `storage.exemplars.max_exemplars`.
    static let exemplarsMax = 100_000

    init(_ connection: Connection) throws(StorageError) {
        self.connection = connection
        room = try FileRoom(connection)
        insertLabel = try connection.prepare("INSERT OR REPLACE INTO label VALUES (?, ?, ?)")
        insertSeries = try connection.prepare("INSERT OR REPLACE INTO series VALUES (?, ?, ?)")
        insertMetadata = try connection.prepare("INSERT OR REPLACE INTO metadata VALUES (?, ?, ?, ?, ?)")
        insertRecord = try connection.prepare("INSERT INTO journal VALUES (?, ?)")
        insertChunk = try connection.prepare("INSERT OR REPLACE INTO chunk VALUES (?, ?)")
        insertBlock = try connection.prepare("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        chunkBytes = try connection.prepare("SELECT data FROM chunk WHERE id = ?")
        insertExemplar = try connection.prepare(
            "INSERT INTO exemplar (series, time, value, labels, checksum) VALUES (?, ?, ?, ?, ?)")
        deleteExemplars = try connection.prepare("DELETE FROM exemplar WHERE id <= last_insert_rowid() - ?")
        deleteBlock = try connection.prepare("DELETE FROM block WHERE number = ?")
        deleteChunks = try connection.prepare("DELETE FROM chunk WHERE id BETWEEN ? AND ?")
        chunkBehind = try connection.prepare("SELECT id FROM chunk WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?")
        deleteRecords = try connection.prepare("DELETE FROM journal WHERE id < ?")
        deleteSeries = try connection.prepare("DELETE FROM series WHERE id = ?")
        deleteLabel = try connection.prepare("DELETE FROM label WHERE id = ?")
        insertFollower = try connection.prepare("INSERT OR REPLACE INTO follower VALUES (?, ?, ?, ?, ?, ?, ?)")
        deleteFollower = try connection.prepare("DELETE FROM follower WHERE name = ?")
        setMeta = try connection.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)")
    }

    /// A transaction of ``connection`` that is committed only where the database's file has room for it.
    func transaction(
        commit: (() throws(StorageError) -> Void) throws(StorageError) -> Void = { (commit) throws(StorageError) in
            try commit()
        },
        _ body: () throws(StorageError) -> Void
    ) throws(StorageError) {
        var pages: Int64 = 0
        try connection.transaction(commit: commit) { () throws(StorageError) in
            try body()
            pages = try room.reserve()
        }
        room.committed(pages)
    }

    func addLabel(_ id: UInt32, _ name: [UInt8], _ value: [UInt8]) throws(StorageError) {
        insertLabel.bind(1, Int64(id))
        try insertLabel.run(binding: (2, name), (3, value))
    }

    func add(_ rows: NewSeriesRows) throws(StorageError) {
        for label in rows.labels { try addLabel(label.id, label.name, label.value) }
        for series in rows.series { try addSeries(series.id, pairs: series.labels, checksum: series.checksum) }
    }

    /// - Parameters:
    ///   - pairs: the numbers of its labels' rows, as varints.
    ///   - checksum: ``RowChecksum/series(_:labels:)``.
    func addSeries(_ id: UInt32, pairs: [UInt8], checksum: Int64) throws(StorageError) {
        insertSeries.bind(1, Int64(id))
        insertSeries.bind(3, checksum)
        try insertSeries.run(binding: (2, pairs))
    }

    func setMetadata(_ metadata: MetricMetadata) throws(StorageError) {
        insertMetadata.bind(1, metadata.metric)
        insertMetadata.bind(2, metadata.type.rawValue)
        insertMetadata.bind(3, metadata.help)
        insertMetadata.bind(4, metadata.unit)
        insertMetadata.bind(5, RowChecksum.metadata(metadata, type: metadata.type.rawValue))
        try insertMetadata.run()
    }

    func addRecord(_ row: Int64, _ record: [UInt8]) throws(StorageError) {
        insertRecord.bind(1, row)
        try insertRecord.run(binding: (2, record))
    }

    func addChunk(_ row: Int64, _ data: ArraySlice<UInt8>) throws(StorageError) {
        insertChunk.bind(1, row)
        let result = data.withUnsafeBytes { bytes -> Result<Void, StorageError> in
            insertChunk.bind(2, bytes)
            return Result { () throws(StorageError) in try insertChunk.run() }
        }
        try result.get()
    }

    func addBlock(_ block: Block) throws(StorageError) {
        let series = block.series.encoded
        insertBlock.bind(1, block.number)
        insertBlock.bind(2, block.start)
        insertBlock.bind(3, block.end)
        insertBlock.bind(4, block.level)
        insertBlock.bind(5, block.minTime)
        insertBlock.bind(6, block.maxTime)
        insertBlock.bind(7, block.sampleCount)
        insertBlock.bind(8, block.byteCount)
        insertBlock.bind(10, block.checksum)
        try insertBlock.run(binding: (9, series))
    }

    /// Deletes a block's own row, after which its others mean nothing.
    func removeBlock(_ number: Int64) throws(StorageError) {
        deleteBlock.bind(1, number)
        try deleteBlock.run()
    }

    /// Deletes the row of a series with its pieces.
    /// - Returns: the length of what was deleted.
    func removeRow(_ row: Int64) throws(StorageError) -> Int64 {
        let (length, pieces) = try extent(of: row)
        if let pieces { try removeChunks(pieces) }
        try removeChunks(row...row)
        return length
    }

    private func extent(of row: Int64) throws(StorageError) -> (length: Int64, pieces: ClosedRange<Int64>?) {
        chunkBytes.bind(1, row)
        defer { chunkBytes.reset() }
        guard try chunkBytes.step() else { return (0, nil) }
        let bytes = chunkBytes.blob(0)
        guard let header = try? SplitRow.header(bytes) else { return (Int64(bytes.count), nil) }
        let first = Block.extraRow(row >> 32, header.firstPiece)
        return (Int64(bytes.count + header.count * SplitRow.pieceBytes), first...first + Int64(header.count) - 1)
    }

    /// Moves a damaged row to where it is not read.
    func setAside(_ row: Int64, reason: String) throws(StorageError) {
        let statement = try connection.prepare(
            "INSERT INTO damaged (chunk, data, reason) SELECT id, data, ? FROM chunk WHERE id = ?")
        statement.bind(1, reason)
        statement.bind(2, row)
        try statement.run()
        try removeChunks(row...row)
    }

    func addExemplar(_ series: UInt32, _ exemplar: Exemplar) throws(StorageError) {
        let value = Int64(bitPattern: exemplar.value.bitPattern)
        let sum = exemplar.labels.encoded.withUnsafeBytes {
            RowChecksum.exemplar(series: Int64(series), time: exemplar.timestamp, value: value, labels: $0)
        }
        insertExemplar.bind(1, Int64(series))
        insertExemplar.bind(2, exemplar.timestamp)
        insertExemplar.bind(3, value)
        insertExemplar.bind(5, sum)
        try insertExemplar.run(binding: (4, exemplar.labels.encoded))
        deleteExemplars.bind(1, Int64(WriterTables.exemplarsMax))
        try deleteExemplars.run()
    }

    func removeChunks(_ rows: ClosedRange<Int64>) throws(StorageError) {
        deleteChunks.bind(1, rows.lowerBound)
        deleteChunks.bind(2, rows.upperBound)
        try deleteChunks.run()
    }

    /// The row that comes `count` rows after the first from `row` on; nil where there are not so many.
    func chunk(_ count: Int, behind row: Int64) throws(StorageError) -> Int64? {
        if count == .max { return nil }
        chunkBehind.bind(1, row)
        chunkBehind.bind(2, Int64(count))
        defer { chunkBehind.reset() }
        return try chunkBehind.step() ? chunkBehind.integer(0) : nil
    }

    /// Deletes the records before `row`.
    func removeRecords(before row: Int64) throws(StorageError) {
        deleteRecords.bind(1, row)
        try deleteRecords.run()
    }

    func setFollower(_ name: String, _ position: LogPosition) throws(StorageError) {
        insertFollower.bind(1, name)
        for (column, number) in position.numbers.enumerated() { insertFollower.bind(Int32(column + 2), number) }
        insertFollower.bind(7, RowChecksum.follower(name, position))
        try insertFollower.run()
    }

    func removeFollower(_ name: String) throws(StorageError) {
        deleteFollower.bind(1, name)
        try deleteFollower.run()
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
        setMeta.bind(3, RowChecksum.setting(key.rawValue, value))
        try setMeta.run()
    }
}

/// Rows of the `meta` table.
enum MetaKey: String {
    /// Length of a block in milliseconds, in databases that were made with version 1 of the schema.
    case blockMs = "block_ms"
    /// Greater than every series number ever given to a stored series.
    case nextSeries = "next_series"
    /// Samples before this time are in blocks; absent before the first block.
    case sealedEnd = "sealed_end"
    /// Records before this one are sealed, and held for followers.
    case journalStart = "journal_start"
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
