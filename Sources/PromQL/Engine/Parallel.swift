import Dispatch
import Synchronization

/// Runs `body` for each index below `count`, on several threads where there is enough to do.
///
/// Which thread takes which index depends on timing, so that `body` must write only to what belongs to its index. The
/// deadline and the cancellation flag are looked at before each index.
///
/// - Parameter cost: about how many samples and steps one index touches.
/// - Throws: the error of the lowest index that failed among those that ran.
func forEachIndex(
    _ count: Int, _ context: QueryContext, cost: Int,
    _ body: @Sendable (Int, Worker) throws(QueryError) -> Void
) throws(QueryError) {
    // Starting threads takes some 20 µs, in which one thread handles about this many samples.
    let worthOneThread = 50_000
    let threads = min(context.workers, count, max(1, count.multipliedClamped(by: max(cost, 1)) / worthOneThread))
    if threads <= 1 {
        let worker = Worker(context)
        for index in 0..<count {
            try context.check()
            try body(index, worker)
        }
        return
    }
    let next = Atomic<Int>(0)
    let failure = Mutex<(index: Int, error: QueryError)?>(nil)
    // Small enough to keep the threads equally busy, large enough to leave the counter alone.
    let chunk = max(1, min(64, count / (threads * 8)))
    let owner = context.trace?.fork(threads)
    defer { context.trace?.join() }
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
        let worker = Worker(context, clock: owner.map { TraceClock($0) })
        while true {
            let first = next.add(chunk, ordering: .relaxed).oldValue
            if first >= count { return }
            for index in first..<min(first + chunk, count) {
                do throws(QueryError) {
                    try context.check()
                    try body(index, worker)
                } catch {
                    failure.withLock { if $0 == nil || index < $0!.index { $0 = (index, error) } }
                    next.store(count, ordering: .relaxed)
                    return
                }
            }
        }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
}

extension Int {
    /// The product, or the largest number where it does not fit.
    func multipliedClamped(by other: Int) -> Int {
        let product = multipliedReportingOverflow(by: other)
        return product.overflow ? .max : product.partialValue
    }
}
