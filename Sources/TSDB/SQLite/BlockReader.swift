import Model

/// Reads rows of blocks, all as of one moment: the connection is inside a read transaction from `begin` to `end`.
/// Used by one thread at a time.
final class BlockReader: @unchecked Sendable {
    // SAFETY: whoever took the reader from its pool is the only one to use it.
    private let connection: Connection
    private let select: Statement
    private let touch: Statement

    init(_ connection: Connection) throws(StorageError) {
        self.connection = connection
        // Rows are read once: a large cache would hold nothing that is asked for again.
        try connection.execute("PRAGMA cache_size = -512")
        select = try connection.prepare("SELECT data FROM chunk WHERE id = ?")
        touch = try connection.prepare("SELECT value FROM meta WHERE key = 'block_ms'")
    }

    /// Settles which moment is read: the first read of a transaction does, not its BEGIN.
    func begin() throws(StorageError) {
        try connection.execute("BEGIN")
        _ = try touch.step()
        touch.reset()
    }

    func end() { try? connection.execute("COMMIT") }

    /// Calls `body` with the bytes of a row, which are valid during the call; nil where there is no such row.
    func withRow<Value, Failure: Error>(
        _ row: Int64, _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Value
    ) throws(StorageError) -> Result<Value, Failure> {
        select.bind(1, row)
        defer { select.reset() }
        let isFound = try select.step()
        let bytes = isFound ? select.blob(0) : nil
        return Result { () throws(Failure) in try body(bytes) }
    }
}

/// Connections for reading that wait for the next view. Thread-safe.
final class BlockReaderPool: @unchecked Sendable {
    // SAFETY: `idle` and `isClosed` are read and changed under `lock`.
    private let path: String
    private let vfs: String?
    private let lock = Lock()
    private var idle: [BlockReader] = []
    private var isClosed = false

    /// The most connections that are kept open while nobody reads.
    private static let idleMax = 4

    init(path: String, vfs: String? = nil) {
        self.path = path
        self.vfs = vfs
    }

    func take() throws(StorageError) -> BlockReader {
        if let reader = lock.withLock({ idle.popLast() }) { return reader }
        return try BlockReader(try Connection(path: path, mode: .readOnly, vfs: vfs))
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
