import Glibc
import Model

/// The connections through which one view reads blocks: as many as there are threads that read at once, all of which
/// see the same.
///
/// The first one is opened when the view begins. Later ones only as long as no block has come or gone since, because
/// they see the database as it is when they are opened; after that, readers take turns.
final class ViewReaders: @unchecked Sendable {
    // SAFETY: everything below is read and changed under `monitor`; a reader is used by the thread that took it.
    private let state: DatabaseState
    private let pool: BlockReaderPool?
    private let version: Int
    private let monitor = Monitor()
    private var idle: [BlockReader]
    private var count = 1
    private var countMax: Int
    private var isClosed = false

    /// As many threads read at once as the machine has processors; more would wait for one another.
    private static let readersMax = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Called under the gate.
    /// - Parameter first: a reader that has begun.
    init(state: DatabaseState, pool: BlockReaderPool, first: BlockReader) {
        self.state = state
        self.pool = pool
        version = state.blocksVersion
        idle = [first]
        countMax = ViewReaders.readersMax
    }

    /// For a database that is open for reading only: all views share its one reader.
    init(state: DatabaseState, only reader: BlockReader) {
        self.state = state
        pool = nil
        version = 0
        idle = [reader]
        countMax = 1
    }

    /// Calls `body` with a reader that nobody else uses meanwhile.
    func withReader<Value>(_ body: (BlockReader) throws(StorageError) -> Value) throws(StorageError) -> Value {
        let reader = try take()
        defer { give(reader) }
        return try body(reader)
    }

    private func take() throws(StorageError) -> BlockReader {
        let waiting = try monitor.withLock { () throws(StorageError) -> BlockReader? in
            while true {
                if isClosed { throw .closed }
                if let reader = idle.popLast() { return reader }
                if count < countMax {
                    count += 1
                    return nil
                }
                monitor.wait()
            }
        }
        if let waiting { return waiting }
        if let reader = openAnother() { return reader }
        monitor.withLock {
            count -= 1
            countMax = count
        }
        return try take()
    }

    /// A further reader, or nil where it would see something else than the first, or cannot be had.
    private func openAnother() -> BlockReader? {
        guard let pool, let reader = try? pool.take() else { return nil }
        return state.gate.withLock {
            guard state.blocksVersion == version, (try? reader.begin()) != nil else {
                pool.give(reader)
                return nil
            }
            return reader
        }
    }

    private func give(_ reader: BlockReader) {
        monitor.withLock {
            if isClosed { release(reader) } else { idle.append(reader) }
            monitor.signal()
        }
    }

    /// Ends the transactions; those of readers in use when they are given back.
    func close() {
        monitor.withLock {
            isClosed = true
            for reader in idle { release(reader) }
            idle = []
            monitor.signal()
        }
    }

    private func release(_ reader: BlockReader) {
        reader.end()
        pool?.give(reader)
    }
}
