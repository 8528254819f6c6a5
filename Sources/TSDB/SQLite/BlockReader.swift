import Model

/// Reads rows of blocks, all as of one moment: the connection is inside a read transaction from `begin` to `end`.
/// Used by one thread at a time.
final class BlockReader: @unchecked Sendable {
    // SAFETY: whoever took the reader from its pool is the only one to use it.
    private let connection: Connection
    private let rows: RowReader
    private let touch: Statement
    private let selectTimes: Statement
    /// Lists of timestamps that were read last, by their rows: the series of a scrape follow one another, or come again
    /// after those of others.
    private var timesCache: [Int64: CachedTimes] = [:]
    private var cachedTimes = 0
    /// Length of a block in databases that were made with version 1 of the schema; 0 in others.
    private let legacyBlockMs: Int64

    /// Why a list of timestamps could not be read, where that is no damage.
    private var timesFailure: StorageError?

    /// So many timestamps are kept, 4 MiB, and the list that was read last.
    private static let cachedTimesMax = 512 << 10

    init(_ connection: Connection, legacyBlockMs: Int64) throws(StorageError) {
        self.connection = connection
        self.legacyBlockMs = legacyBlockMs
        // Rows are read once: a large cache would hold nothing that is asked for again.
        try connection.execute("PRAGMA cache_size = -512")
        rows = try RowReader(connection)
        selectTimes = try connection.prepare("SELECT data FROM chunk WHERE id = ?")
        touch = try connection.prepare("SELECT value FROM meta LIMIT 1")
    }

    /// Settles which moment is read: the first read of a transaction does, not its BEGIN.
    func begin() throws(StorageError) {
        try connection.execute("BEGIN")
        _ = try touch.step()
        touch.reset()
    }

    func end() {
        try? connection.execute("COMMIT")
        forgetTimes()
    }

    /// Appends to `buffer` the samples of a series in a block from `minTime` to `maxTime`.
    /// - Returns: what is wrong with the row, where it cannot be decoded; `buffer` is as it was then.
    func read(
        _ block: Block, _ id: UInt32, _ minTime: Int64, _ maxTime: Int64, into buffer: SampleBuffer
    ) throws(StorageError) -> DecodeError? {
        let row = Block.row(block.number, id)
        let result = try rows.withRow(row) { (bytes) throws(DecodeError) in
            guard let bytes else { throw DecodeError("the row is missing") }
            buffer.stored.add(bytes: bytes.count)
            try BlockRow.decode(
                bytes, row: row, blockStart: block.number &* legacyBlockMs, from: minTime, to: maxTime, into: buffer
            ) { (list) throws(DecodeError) in try times(block.number, list) }
        }
        if let failure = timesFailure {
            timesFailure = nil
            throw failure
        }
        if case .failure(let error) = result { return error }
        return nil
    }

    /// A list of timestamps that series of a block share, valid until the next call.
    private func times(_ block: Int64, _ list: UInt16) throws(DecodeError) -> UnsafeBufferPointer<Int64> {
        let row = Block.extraRow(block, list)
        if let known = timesCache[row] { return known.buffer }
        let times = try readTimes(row).withUnsafeBufferPointer { CachedTimes($0) }
        if cachedTimes + times.count > BlockReader.cachedTimesMax { forgetTimes() }
        cachedTimes += times.count
        timesCache[row] = times
        return times.buffer
    }

    private func readTimes(_ row: Int64) throws(DecodeError) -> [Int64] {
        selectTimes.bind(1, row)
        defer { selectTimes.reset() }
        let result = Result { () throws(StorageError) in try selectTimes.step() }
        switch result {
        case .failure(let error):
            if case .corrupted = error {} else { timesFailure = error }
            throw DecodeError("its timestamps: \(error)")
        case .success(false): throw DecodeError("the row of its timestamps is missing")
        case .success(true): return try SealedTimes.decode(selectTimes.blob(0), row: row, blockStart: 0)
        }
    }

    /// Forgets what was read: another moment may follow.
    private func forgetTimes() {
        timesCache = [:]
        cachedTimes = 0
    }
}

/// Connections for reading that wait for the next view. Thread-safe.
final class BlockReaderPool: @unchecked Sendable {
    // SAFETY: `idle` and `isClosed` are read and changed under `lock`.
    private let path: String
    private let vfs: String?
    private let legacyBlockMs: Int64
    private let lock = Lock()
    private var idle: [BlockReader] = []
    private var isClosed = false

    /// The most connections that are kept open while nobody reads.
    private static let idleMax = 4

    init(path: String, legacyBlockMs: Int64, vfs: String? = nil) {
        self.path = path
        self.vfs = vfs
        self.legacyBlockMs = legacyBlockMs
    }

    func take() throws(StorageError) -> BlockReader {
        if let reader = lock.withLock({ idle.popLast() }) { return reader }
        return try BlockReader(try Connection(path: path, mode: .readOnly, vfs: vfs), legacyBlockMs: legacyBlockMs)
    }

    func give(_ reader: BlockReader) {
        lock.withLock {
            if !isClosed, idle.count < BlockReaderPool.idleMax { idle.append(reader) }
        }
    }

    /// Closes the connections; those in use when they are given back.
    func close() {
        lock.withLock {
            isClosed = true
            idle = []
        }
    }
}
