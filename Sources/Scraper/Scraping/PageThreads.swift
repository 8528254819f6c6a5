import Glibc
import Model
import Synchronization

/// The threads that pages are read on: one for each core. Reading computes for as long as its page says, and would hold
/// up whatever else runs on the threads of Swift's tasks.
///
/// The queue before them is as long as there are targets, at most, because each has one scrape at a time. A thread that
/// finds it empty ends.
final class PageThreads: Sendable {
    private typealias Job = @Sendable () -> Void

    private struct State {
        var queue: [Job] = []
        var threadsAtWork = 0
    }

    private let state = Mutex(State())
    private let endNs = Atomic(UInt64.max)
    let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    /// Whether no page may be read any more, because the server stops.
    var isOver: Bool { monotonicNs() > endNs.load(ordering: .relaxed) }

    /// How many pages have come and no thread reads yet.
    var pagesWaiting: Int { state.withLock { $0.queue.count } }

    /// Lets what is read be finished only where it takes no longer than that.
    func end(withinMs milliseconds: Int64) {
        endNs.store(monotonicNs() + UInt64(max(milliseconds, 0)) * 1_000_000, ordering: .relaxed)
    }

    /// Runs `body` when a thread is free, and returns what it returns.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in submit { continuation.resume(returning: body()) } }
    }

    private func submit(_ job: @escaping Job) {
        let isThreadMissing = state.withLock { state in
            state.queue.append(job)
            guard state.threadsAtWork < count else { return false }
            state.threadsAtWork += 1
            return true
        }
        // Where the system has no thread to give, this one has to do.
        if isThreadMissing, !startThread({ [self] in work() }) { work() }
    }

    private func work() {
        while let job = next() { job() }
    }

    private func next() -> Job? {
        state.withLock { state in
            if !state.queue.isEmpty { return state.queue.removeFirst() }
            state.threadsAtWork -= 1
            return nil
        }
    }
}
