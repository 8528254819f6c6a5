import Model
import Synchronization

/// Where a query's time went and what its operators touched, for whoever asks: pass it with the query's options, and
/// take the report when the query has ended, also where it failed.
///
/// A trace is of one query. A query without one pays for a comparison per series and operator. With one, each run of
/// steps costs two looks at the clock per operator; nothing is ever done per sample.
///
/// Time is that of threads: each moment of each thread belongs to the operator that is at work, so that the operators'
/// own times add up to what all threads spent.
public final class QueryTrace: @unchecked Sendable {
    // SAFETY: what is stored here is changed only by the thread that plans the query. Workers have clocks of their own,
    // and nodes' counters are atomic. The report is made after the query.
    private var root = TraceNode(nil, steps: 1)
    private(set) var clock: TraceClock?
    private var beganNs: UInt64 = 0
    private var openNs: UInt64 = 0

    public init() {}

    /// Begins anew, with the clock of the thread that plans.
    func begin(steps: Int) {
        root = TraceNode(nil, steps: steps)
        let clock = TraceClock(root)
        self.clock = clock
        beganNs = clock.nowNs
    }

    /// The view of the store is open.
    func opened() {
        clock?.charge()
        openNs = (clock?.nowNs ?? 0) &- beganNs
    }

    func end(series: Int) {
        clock?.charge()
        root.series = series
    }

    /// Makes a node of what `make` works out, below that of what is being worked out.
    func node<Value>(
        _ expr: Expr, steps: Int, _ make: (TraceNode) throws(QueryError) -> Value
    ) throws(QueryError) -> Value {
        guard let clock else { return try make(root) }
        let node = TraceNode(expr, steps: steps)
        let parent = clock.move(to: node)
        parent.inputs.append(node)
        defer { _ = clock.move(to: parent) }
        return try make(node)
    }

    /// Says something about how what is being worked out is done.
    func note(_ text: String) { clock?.node.note = text }

    /// Several threads begin to work, each with a clock of its own, for what is being worked out.
    func fork(_ threads: Int) -> TraceNode? {
        clock?.charge()
        clock?.node.threads.max(threads, ordering: .relaxed)
        return clock?.node
    }

    /// They have ended.
    func join() { clock?.skip() }

    /// Adds up how long series were looked for.
    func indexed(_ body: () throws(QueryError) -> any SeriesSet) throws(QueryError) -> any SeriesSet {
        clock?.charge()
        let began = clock?.nowNs ?? 0
        defer {
            clock?.charge()
            clock?.node.indexNs += (clock?.nowNs ?? 0) &- began
        }
        return try body()
    }

    /// What there is to tell. To be called after the query.
    public func report() -> QueryPlan {
        QueryPlan(root: PlanOperator(root), openNs: openNs, wallNs: (clock?.nowNs ?? beganNs) &- beganNs)
    }
}
