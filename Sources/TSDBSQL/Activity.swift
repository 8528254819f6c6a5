import PromQL
import Synchronization

/// What the tables of a connection have read, what they met, and the wish to stop. Thread-safe.
final class Activity: Sendable {
    private let seriesRead = Atomic(0)
    private let samplesRead = Atomic(0)
    private let interruptions = Atomic(0)
    private let problems = Mutex<[String]>([])
    /// What ends the query that is being evaluated.
    private let cancellation = Mutex<CancellationFlag?>(nil)

    /// Grows with each ``interrupt()``: a scan that finds another number than at its beginning ends.
    var interruptionCount: Int { interruptions.load(ordering: .relaxed) }

    /// Ends the scans and the query that have begun.
    func interrupt() {
        interruptions.add(1, ordering: .relaxed)
        cancellation.withLock { $0?.cancel() }
    }

    /// Calls `body` with a flag that ``interrupt()`` raises.
    func cancellable<Value>(_ body: (CancellationFlag) throws -> Value) rethrows -> Value {
        let flag = CancellationFlag()
        cancellation.withLock { $0 = flag }
        defer { cancellation.withLock { $0 = nil } }
        return try body(flag)
    }

    /// What was read so far.
    var readCounts: (series: Int, samples: Int) {
        (seriesRead.load(ordering: .relaxed), samplesRead.load(ordering: .relaxed))
    }

    func count(_ samples: Int) {
        seriesRead.add(1, ordering: .relaxed)
        samplesRead.add(samples, ordering: .relaxed)
    }

    func report(_ texts: [String]) {
        if !texts.isEmpty { problems.withLock { $0 += texts } }
    }

    func takeProblems() -> [String] {
        problems.withLock { problems in
            defer { problems = [] }
            return problems
        }
    }
}
