import Glibc
import NIOCore
import NIOPosix
import PromQL
import Synchronization

let queueTimeoutMessage = "query timed out in query queue"
let queueCanceledMessage = "query was canceled in query queue"

/// The threads that queries are evaluated on, and the queue before them. The queue is as long as there are connections,
/// at most, because each has one request at a time.
///
/// 1. As many threads take queries as there are cores: waking one more for each query, while others are about to be free,
///    takes longer than most queries do.
/// 2. Where nothing has been taken from the queue for a while, those threads are busy with long queries, and one more
///    begins, up to the number that may be evaluated at a time.
/// 3. A thread that finds the queue empty ends its work.
final class QueryThreads: Sendable {
    private typealias Job = @Sendable (_ isRunning: Bool) -> Void

    private struct State {
        var queue = CircularBuffer<Job>()
        var threadsAtWork = 0
        /// Counts what was taken from the queue.
        var taken = 0
        var isWatched = false
    }

    private enum Step { case none, work, watch }

    private let threads: NIOThreadPool
    private let count: Int
    private let coreCount: Int
    private let state = Mutex(State())
    /// Queries that run or wait.
    private let load = Atomic<Int>(0)

    /// How long nothing may be taken from the queue before one more thread begins.
    private static let patience = TimeAmount.milliseconds(2)

    init(count: Int) {
        self.count = count
        coreCount = min(count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        threads = NIOThreadPool(numberOfThreads: count)
    }

    func start() { threads.start() }

    func shutDown() async { try? await threads.shutdownGracefully() }

    /// Runs `body` on a thread of its own, when one is free.
    ///
    /// - Parameters:
    ///   - timeoutMs: a query that has waited so long is given up; its client need not wait for others' queries.
    ///   - eventLoop: whose clock is used.
    func run<Value: Sendable>(
        timeoutMs: Int64, on eventLoop: any EventLoop, _ body: @escaping @Sendable () throws(QueryError) -> Value
    ) async -> Result<Value, QueryError> {
        defer { load.subtract(1, ordering: .relaxed) }
        let mayWait = load.add(1, ordering: .relaxed).newValue > count
        return await withCheckedContinuation { continuation in
            let ticket = Ticket()
            let timer =
                mayWait
                ? eventLoop.scheduleTask(in: .milliseconds(timeoutMs)) {
                    if ticket.take() { continuation.resume(returning: .failure(.timeout(queueTimeoutMessage))) }
                } : nil
            submit(on: eventLoop) { isRunning in
                guard ticket.take() else { return }
                timer?.cancel()
                guard isRunning else {
                    return continuation.resume(returning: .failure(.canceled(queueCanceledMessage)))
                }
                do throws(QueryError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }

    private func submit(on eventLoop: any EventLoop, _ job: @escaping Job) {
        let (step, taken) = state.withLock { state -> (Step, Int) in
            state.queue.append(job)
            if state.threadsAtWork < coreCount {
                state.threadsAtWork += 1
                return (.work, 0)
            }
            if state.isWatched { return (.none, 0) }
            state.isWatched = true
            return (.watch, state.taken)
        }
        switch step {
        case .none: break
        case .work: work()
        case .watch: watch(on: eventLoop, since: taken)
        }
    }

    /// Lets a thread evaluate what is in the queue until nothing is.
    private func work() {
        threads.submit { threadState in
            let isRunning = if case .active = threadState { true } else { false }
            while let job = self.next() { job(isRunning) }
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            if let job = state.queue.popFirst() {
                state.taken += 1
                return job
            }
            state.threadsAtWork -= 1
            return nil
        }
    }

    private func watch(on eventLoop: any EventLoop, since taken: Int) {
        eventLoop.scheduleTask(in: QueryThreads.patience) {
            let (isStuck, now) = self.state.withLock { state -> (Bool, Int?) in
                guard !state.queue.isEmpty, state.threadsAtWork < self.count else {
                    state.isWatched = false
                    return (false, nil)
                }
                let isStuck = state.taken == taken
                if isStuck { state.threadsAtWork += 1 }
                return (isStuck, state.taken)
            }
            if isStuck { self.work() }
            if let now { self.watch(on: eventLoop, since: now) }
        }
    }
}

/// The right to answer a query, which only one of two takes: the thread that evaluates it, or the timer that gives it
/// up.
private final class Ticket: Sendable {
    private let isTaken = Atomic<Bool>(false)

    func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
}
