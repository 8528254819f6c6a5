import Model

/// Something for the writer thread to do, with what to call when it is done.
enum Work: Sendable {
    case append(SampleBatch, @Sendable (Result<AppendResult, StorageError>) -> Void)
    case metadata([MetricMetadata], @Sendable (Result<Void, StorageError>) -> Void)
    /// Something that a caller waits for, between commits.
    case operation(@Sendable (Writer) throws(StorageError) -> Void, @Sendable (Result<Void, StorageError>) -> Void)
}

/// What waits for the writer thread. Every caller waits until its work is done, so that the queue holds one piece of
/// work for each caller at most: callers are held back, not the queue cut off.
final class WriteQueue: @unchecked Sendable {
    // SAFETY: everything is read and changed under `monitor`.
    private let monitor = Monitor()
    private var waiting: [Work] = []
    private var isStopped = false
    private var isPoked = false

    /// The most samples that are taken into one commit, beside its first batch.
    private static let commitSamplesMax = 500_000
    /// The most pieces of work that are taken at once.
    private static let commitWorkMax = 1024

    /// Adds work. Returns false where the writer was stopped and takes none.
    func add(_ work: Work) -> Bool {
        monitor.withLock {
            if isStopped { return false }
            waiting.append(work)
            if waiting.count == 1 { monitor.signal() }
            return true
        }
    }

    /// Wakes the writer to look after its other duties.
    func poke() {
        monitor.withLock {
            isPoked = true
            monitor.signal()
        }
    }

    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.signal()
        }
    }

    /// What one turn of the writer does.
    enum Turn {
        case work([Work])
        /// Nothing waits, and the time is over or the writer was woken.
        case idle
        case stop
    }

    /// Takes what waits, or waits for it.
    ///
    /// - Parameter milliseconds: how long at most; nil for ever.
    func next(waiting milliseconds: Int?) -> Turn {
        monitor.withLock {
            if waiting.isEmpty, !isStopped, !isPoked, milliseconds != 0 { monitor.wait(milliseconds: milliseconds) }
            isPoked = false
            if waiting.isEmpty { return isStopped ? .stop : .idle }
            return .work(take())
        }
    }

    private func take() -> [Work] {
        var samples = 0
        var count = 0
        while count < min(waiting.count, WriteQueue.commitWorkMax) {
            if case .append(let batch, _) = waiting[count] { samples += batch.refs.count }
            if count > 0, samples > WriteQueue.commitSamplesMax { break }
            count += 1
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting.prefix(count))
    }
}
