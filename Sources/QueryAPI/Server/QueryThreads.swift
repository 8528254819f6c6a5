import NIOCore
import NIOPosix
import PromQL
import Synchronization

let queueTimeoutMessage = "query timed out in query queue"
let queueCanceledMessage = "query was canceled in query queue"

/// The threads that queries are evaluated on, and the queue before them. The queue is as long as there are connections,
/// at most, because each has one request at a time.
final class QueryThreads: Sendable {
    private let threads: NIOThreadPool
    private let count: Int
    /// Queries that run or wait.
    private let load = Atomic<Int>(0)

    init(count: Int) {
        self.count = count
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
            threads.submit { state in
                guard ticket.take() else { return }
                timer?.cancel()
                guard case .active = state else {
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
}

/// The right to answer a query, which only one of two takes: the thread that evaluates it, or the timer that gives it
/// up.
private final class Ticket: Sendable {
    private let isTaken = Atomic<Bool>(false)

    func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
}
