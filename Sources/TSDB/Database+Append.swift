import Model
import Synchronization

extension Database: Appendable {
    public func resolve(_ labels: [Labels]) throws(StorageError) -> [SeriesRef] {
        try checkWritable()
        return try state.index.resolve(labels)
    }

    public func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult {
        try checkWritable()
        try checkSize(batch)
        let result = await withUnsafeContinuation { continuation in
            enqueue(.append(batch) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// The most samples of one batch.
    public static let batchSamplesMax = 4 << 20

    private func checkSize(_ batch: SampleBatch) throws(StorageError) {
        let count = batch.refs.count + batch.histograms.count + batch.exemplars.count
        guard count <= Database.batchSamplesMax else {
            throw .io("a batch of \(count) samples is too large, at most \(Database.batchSamplesMax) are possible")
        }
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
        try checkSize(batch)
        let waiter = Waiter<AppendResult>()
        enqueue(.append(batch) { waiter.finish($0) })
        return try waiter.wait()
    }

    /// Seals the blocks that are complete, deletes those that are too old and forgets series without samples, as the
    /// writer does by itself between appends. Returns when nothing is left to do. Blocks the calling thread.
    public func maintain() throws(StorageError) {
        try checkWritable()
        try perform { (writer) throws(StorageError) in try writer.doAllDuties() }
    }

    /// Runs something on the writer thread, between commits. Blocks the calling thread.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Writer) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        try checkWritable()
        let waiter = Waiter<Void>()
        let box = Box<Value>()
        enqueue(
            .operation({ (writer) throws(StorageError) in box.value = try body(writer) }) { waiter.finish($0) })
        try waiter.wait()
        guard let result = box.value else { throw .closed }
        return result
    }

    private func checkWritable() throws(StorageError) {
        try checkOpen()
        if isReadOnly { throw .io("\(path) is open for reading only") }
    }

    private func enqueue(_ work: Work) {
        if state.queue.add(work) { return }
        switch work {
        case .append(_, let done): done(.failure(.closed))
        case .metadata(_, let done), .operation(_, let done): done(.failure(.closed))
        }
    }
}

/// Carries a value from the writer thread to who waits for it.
private final class Box<Value>: @unchecked Sendable {
    // SAFETY: written by the writer thread before the waiter is told, read behind that.
    var value: Value?
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
