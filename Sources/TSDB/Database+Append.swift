import Model
import Synchronization

extension Database: Appendable {
    public func resolve(_ labels: [Labels]) throws(StorageError) -> [SeriesRef] {
        try checkWritable()
        return try state.index.resolve(labels)
    }

    public func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult {
        try checkWritable()
        let result = await withUnsafeContinuation { continuation in
            enqueue(.append(batch) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    public func setMetadata(_ metadata: [MetricMetadata]) async throws(StorageError) {
        try checkWritable()
        // Scrapes bring the same metadata again and again.
        let changed = state.metadata.withLock { known in metadata.filter { known[$0.metric] != $0 } }
        if changed.isEmpty { return }
        let result = await withUnsafeContinuation { continuation in
            enqueue(.metadata(changed) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// As ``append(_:)``, for programs without `async`: blocks the calling thread until the samples are durable.
    @discardableResult
    public func appendBlocking(_ batch: SampleBatch) throws(StorageError) -> AppendResult {
        try checkWritable()
        let waiter = Waiter<AppendResult>()
        enqueue(.append(batch) { waiter.finish($0) })
        return try waiter.wait()
    }

    /// Seals the blocks that are complete, deletes those that are too old and forgets series without samples, as the
    /// writer does by itself between appends. Returns when nothing is left to do. Blocks the calling thread.
    public func maintain() throws(StorageError) {
        try checkWritable()
        let waiter = Waiter<Void>()
        enqueue(.maintenance { waiter.finish($0) })
        try waiter.wait()
    }

    private func checkWritable() throws(StorageError) {
        try checkOpen()
        if isReadOnly { throw .io("\(path) is open for reading only") }
    }

    private func enqueue(_ work: Work) {
        if state.queue.add(work) { return }
        switch work {
        case .append(_, let done): done(.failure(.closed))
        case .metadata(_, let done), .maintenance(let done): done(.failure(.closed))
        }
    }
}

/// Lets a thread wait for a result that another one brings.
private final class Waiter<Value: Sendable>: @unchecked Sendable {
    // SAFETY: `result` is read and written under `monitor`.
    private let monitor = Monitor()
    private var result: Result<Value, StorageError>?

    func finish(_ result: Result<Value, StorageError>) {
        monitor.withLock {
            self.result = result
            monitor.signal()
        }
    }

    func wait() throws(StorageError) -> Value {
        let result = monitor.withLock { () -> Result<Value, StorageError> in
            while true {
                if let result = self.result { return result }
                monitor.wait()
            }
        }
        return try result.get()
    }
}
