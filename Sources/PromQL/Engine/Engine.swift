import Model

/// How an engine evaluates, the same for all its queries.
public struct EngineOptions: Sendable {
    /// How far back a selector looks for a sample, in milliseconds.
    public var lookbackDeltaMs: Int64 = 300_000
    /// The most samples that a query may hold in memory at a time, eight to sixteen bytes each.
    public var maxSamples = 50_000_000
    /// How long a query may take, in milliseconds.
    public var timeoutMs: Int64 = 120_000
    /// The step of subqueries that name none, in milliseconds.
    public var defaultSubqueryStepMs: Int64 = 60_000
    /// How many threads a large query may use.
    public var workers = processorCount()

    public init() {}
}

/// How one query is evaluated.
public struct QueryOptions: Sendable {
    /// In place of the engine's, in milliseconds.
    public var lookbackDeltaMs: Int64?
    /// In place of the engine's where it is shorter, in milliseconds.
    public var timeoutMs: Int64?
    /// Ends the query from elsewhere.
    public var cancellation: CancellationFlag
    /// Whether the samples that are looked at are counted for each step too.
    public var countsSteps = false
    /// Takes down how the query is evaluated.
    public var trace: QueryTrace?

    public init(
        lookbackDeltaMs: Int64? = nil, timeoutMs: Int64? = nil, cancellation: CancellationFlag = CancellationFlag()
    ) {
        self.lookbackDeltaMs = lookbackDeltaMs
        self.timeoutMs = timeoutMs
        self.cancellation = cancellation
    }
}

/// Evaluates PromQL over a store.
///
/// Calls block until the answer is there, computing on several threads where a query is large: none belongs on a
/// cooperative thread. Any number of queries may run at once; an engine keeps nothing of them but memory.
///
/// - Source: Prometheus 3.14's language, with delayed name removal.
public struct Engine: Sendable {
    public let options: EngineOptions
    private let buffers = BufferPool()

    public init(_ options: EngineOptions = EngineOptions()) { self.options = options }

    /// Evaluates an expression at one time.
    ///
    /// - Parameters:
    ///   - text: the query as written, for positions in annotations; may be empty.
    ///   - timeMs: milliseconds since the Unix epoch.
    /// - Returns: a value of the expression's type; vectors in the order that `sort` and `topk` give, and otherwise in
    ///   no particular one.
    public func instant(
        _ expr: Expr, text: String = "", on storage: any Queryable, at timeMs: Int64,
        options query: QueryOptions = QueryOptions()
    ) throws(QueryError) -> QueryResult {
        try evaluate(expr, text, storage, StepGrid(instant: timeMs), end: timeMs, isInstant: true, query)
    }

    /// Evaluates an expression at each `step` from `start` to `end`.
    ///
    /// - Parameters:
    ///   - start: milliseconds since the Unix epoch.
    ///   - end: milliseconds since the Unix epoch; included where a step falls on it.
    ///   - step: milliseconds, more than 0.
    /// - Returns: a matrix sorted by labels.
    public func range(
        _ expr: Expr, text: String = "", on storage: any Queryable, start: Int64, end: Int64, step: Int64,
        options query: QueryOptions = QueryOptions()
    ) throws(QueryError) -> QueryResult {
        if expr.type == .string || expr.type == .matrix {
            let type = quoted(expr.type.documented)
            throw .execution("invalid expression type \(type) for range query, must be Scalar or instant Vector")
        }
        let grid = StepGrid(start: start, end: end, step: step)
        return try evaluate(expr, text, storage, grid, end: end, isInstant: false, query)
    }

    private func evaluate(
        _ expr: Expr, _ text: String, _ storage: any Queryable, _ grid: StepGrid, end: Int64, isInstant: Bool,
        _ query: QueryOptions
    ) throws(QueryError) -> QueryResult {
        let began = monotonicNs()
        query.trace?.begin(steps: grid.count)
        let timeoutMs = max(0, min(options.timeoutMs, query.timeoutMs ?? .max))
        let lookback = query.lookbackDeltaMs ?? options.lookbackDeltaMs
        let expr = try expr.resolved(stepMs: isInstant ? 0 : grid.step, rangeMs: end &- grid.start)
        let bounds = TimeBoundsFinder(start: grid.start, end: end, lookbackMs: lookback).bounds(expr)
        let querier = try open(storage, bounds)
        defer { querier.close() }
        query.trace?.opened()
        let context = QueryContext(
            querier: querier, buffers: buffers, text: text, grid: grid, end: end, isInstant: isInstant, engine: options,
            query: query,
            deadlineNs: began &+ UInt64(timeoutMs).multipliedClamped(by: 1_000_000))
        context.addPreparation(since: began)
        try context.hold(grid.count)
        let value = try Evaluation(context: context, grid: grid).value(expr)
        let annotations = context.collectedAnnotations
        var stats = context.stats
        stats.evalTotalSeconds = Double(monotonicNs() &- began) / 1e9
        query.trace?.end(series: value.seriesCount)
        return QueryResult(
            value: value, warnings: annotations.warnings(in: text), infos: annotations.infos(in: text), stats: stats)
    }

    private func open(_ storage: any Queryable, _ bounds: TimeBounds) throws(QueryError) -> any Querier {
        do throws(StorageError) {
            return try storage.querier(minTime: bounds.min, maxTime: bounds.max)
        } catch {
            throw .storage(error)
        }
    }
}

extension UInt64 {
    /// The product, or half the largest number where it does not fit into that.
    fileprivate func multipliedClamped(by other: UInt64) -> UInt64 {
        let product = multipliedReportingOverflow(by: other)
        return product.overflow ? .max / 2 : Swift.min(product.partialValue, .max / 2)
    }
}
