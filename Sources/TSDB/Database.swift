import Model
import Synchronization

/// A time-series database in one directory: `tsdb.sqlite`, its write-ahead log while it is open, and `lock`.
///
/// One process at a time opens it for writing; any number may read beside it. Thread-safe.
///
///     let database = try Database.open(directory: "data")
///     let series = try database.resolve([["__name__": "up"]])
///     try database.appendBlocking(SampleBatch(refs: series, timestamps: [1_000], values: [1]))
///
///     let view = try database.querier(minTime: 0, maxTime: 2_000)
///     let found = try view.select([Matcher("__name__", equals: "up")], hints: SelectHints(minTime: 0, maxTime: 2_000))
///     let samples = SampleBuffer()
///     try found.read(0, into: samples)
///     view.close()
///     database.close()
public final class Database: Sendable {
    /// The name of the database's file in its directory.
    public static let fileName = "tsdb.sqlite"

    let state: DatabaseState
    let pool: BlockReaderPool
    /// Nil where the database is open for reading only.
    let writer: Writer?
    /// What all views read through where the database is open for reading only.
    let onlyReader: ViewReaders?
    private let directoryLock: Mutex<DirectoryLock?>
    private let isClosed = Atomic(false)

    init(
        state: DatabaseState, pool: BlockReaderPool, writer: Writer?, onlyReader: ViewReaders?, lock: DirectoryLock?
    ) {
        self.state = state
        self.pool = pool
        self.writer = writer
        self.onlyReader = onlyReader
        directoryLock = Mutex(lock)
    }

    deinit { close() }

    /// Whether it was opened with ``openReadOnly(_:)``.
    public var isReadOnly: Bool { writer == nil }

    /// The path of the database's file.
    public var path: String { state.path }

    /// Finishes what waits to be written, and lets others open the database for writing. Views that are open can still
    /// be read. Blocks until the writer thread has ended, so that it belongs on no cooperative thread.
    public func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        writer?.stop()
        onlyReader?.close()
        pool.close()
        directoryLock.withLock { $0 = nil }
    }

    func checkOpen() throws(StorageError) {
        if isClosed.load(ordering: .acquiring) { throw .closed }
    }
}
