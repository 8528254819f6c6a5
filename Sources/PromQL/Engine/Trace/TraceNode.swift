import Model
import Synchronization

/// What is known of one operator of a traced query.
final class TraceNode: @unchecked Sendable {
    // SAFETY: what is not atomic is changed only by the thread that plans the query, which does not while it reads.

    /// nil for the answer itself.
    let expr: Expr?
    let steps: Int
    var inputs: [TraceNode] = []
    var series = 0
    var note = ""
    var indexNs: UInt64 = 0

    let selfNs = Atomic<UInt64>(0)
    let samplesDecoded = Atomic<Int>(0)
    let samplesSeen = Atomic<Int>(0)
    let storedRuns = Atomic<Int>(0)
    let storedBytes = Atomic<Int>(0)
    let threads = Atomic<Int>(1)

    init(_ expr: Expr?, steps: Int) {
        self.expr = expr
        self.steps = steps
    }

    /// Counts what was decoded for one series.
    func read(_ buffer: SampleBuffer) {
        samplesDecoded.add(buffer.count, ordering: .relaxed)
        storedRuns.add(buffer.stored.runs, ordering: .relaxed)
        storedBytes.add(buffer.stored.bytes, ordering: .relaxed)
    }
}

/// Tells which operator a thread works for, and charges it with the time. Used by one thread.
final class TraceClock {
    private(set) var node: TraceNode
    /// The time up to which nodes are charged.
    private(set) var nowNs = monotonicNs()

    init(_ node: TraceNode) { self.node = node }

    /// Charges the time since the last call.
    func charge() {
        let now = monotonicNs()
        node.selfNs.add(now &- nowNs, ordering: .relaxed)
        nowNs = now
    }

    /// From now on the thread works for `next`; gives for whom it did.
    func move(to next: TraceNode) -> TraceNode {
        charge()
        let previous = node
        node = next
        return previous
    }

    /// Leaves out the time since the last call, which others were charged with.
    func skip() { nowNs = monotonicNs() }
}
