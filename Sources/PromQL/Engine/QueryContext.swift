import Model
import Synchronization

/// What all parts of one running query share: its bounds, its view of the store, its budget, its annotations.
///
/// Thread-safe: workers report to it.
final class QueryContext: Sendable {
    let querier: any Querier
    let buffers: BufferPool
    /// The query as written; may be empty.
    let text: String
    /// The whole query's times: what `@ start()`, `@ end()`, `start()`, `end()`, `range()` and `step()` refer to.
    let start: Int64
    let end: Int64
    let step: Int64
    let isInstant: Bool
    let lookbackDeltaMs: Int64
    let subqueryStepMs: Int64
    let workers: Int
    let trace: QueryTrace?
    /// Of how many steps it is counted what is looked at for each; 0 where nobody asks.
    let countedSteps: Int
    private let samplesMax: Int
    private let deadlineNs: UInt64
    private let cancellation: CancellationFlag

    private let held = Atomic<Int>(0)
    private let heldPeak = Atomic<Int>(0)
    private let samples: Mutex<SampleCounts>
    private let preparationNs = Atomic<UInt64>(0)
    private let sortNs = Atomic<UInt64>(0)
    private let annotations = Mutex(Annotations())

    init(
        querier: any Querier, buffers: BufferPool, text: String, grid: StepGrid, end: Int64, isInstant: Bool,
        engine: EngineOptions,
        query: QueryOptions, deadlineNs: UInt64
    ) {
        self.querier = querier
        self.buffers = buffers
        self.text = text
        start = grid.start
        self.end = end
        step = isInstant ? 0 : grid.step
        self.isInstant = isInstant
        lookbackDeltaMs = query.lookbackDeltaMs ?? engine.lookbackDeltaMs
        subqueryStepMs = max(engine.defaultSubqueryStepMs, 1)
        workers = max(engine.workers, 1)
        samplesMax = engine.maxSamples
        self.deadlineNs = deadlineNs
        cancellation = query.cancellation
        trace = query.trace
        countedSteps = query.countsSteps ? grid.count : 0
        samples = Mutex(SampleCounts(steps: countedSteps))
    }

    /// - Throws: ``QueryError/canceled(_:)`` or ``QueryError/timeout(_:)`` where the query shall not go on.
    func check() throws(QueryError) {
        if cancellation.isCancelled { throw .canceled("query was canceled in expression evaluation") }
        if monotonicNs() > deadlineNs { throw .timeout("query timed out in expression evaluation") }
    }

    /// Whether ``check()`` throws.
    var isOver: Bool { cancellation.isCancelled || monotonicNs() > deadlineNs }

    /// Accounts for `count` further samples in memory.
    func hold(_ count: Int) throws(QueryError) {
        let now = held.add(count, ordering: .relaxed).newValue
        heldPeak.max(now, ordering: .relaxed)
        if now > samplesMax {
            throw .execution("query processing would load too many samples into memory in query execution")
        }
    }

    func release(_ count: Int) { held.subtract(count, ordering: .relaxed) }

    func add(_ counts: SampleCounts) { samples.withLock { $0.add(counts) } }

    /// Runs `body`, what is looked at in which counts once for each of `steps` steps. For the thread that plans.
    func counting<Value>(
        times steps: Int, _ body: () throws(QueryError) -> Value
    ) throws(QueryError) -> Value {
        let before = samples.withLock { $0 }
        defer { samples.withLock { $0.repeat(since: before, steps: steps) } }
        return try body()
    }

    var stats: QueryStats {
        var stats = QueryStats()
        let samples = samples.withLock { $0 }
        stats.totalQueryableSamples = samples.total
        stats.samplesAtStep = samples.atStep
        stats.preparationSeconds = Double(preparationNs.load(ordering: .relaxed)) / 1e9
        stats.sortSeconds = Double(sortNs.load(ordering: .relaxed)) / 1e9
        stats.peakSamples = heldPeak.load(ordering: .relaxed)
        return stats
    }

    /// Counts the time since `began` as preparation.
    func addPreparation(since began: UInt64) { preparationNs.add(monotonicNs() &- began, ordering: .relaxed) }

    /// Counts the time since `began` as sorting.
    func addSorting(since began: UInt64) { sortNs.add(monotonicNs() &- began, ordering: .relaxed) }

    /// Adds a warning about the part of the query at `range`.
    func warn(_ text: String, at range: SourceRange) {
        annotations.withLock { $0.warn(text, at: range) }
    }

    /// Adds an information about the part of the query at `range`.
    func inform(_ text: String, at range: SourceRange) {
        annotations.withLock { $0.inform(text, at: range) }
    }

    var collectedAnnotations: Annotations { annotations.withLock { $0 } }
}
