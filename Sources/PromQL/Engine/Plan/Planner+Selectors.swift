import Model

extension Planner {
    /// The series of a vector selector.
    func selector(
        _ selector: VectorSelector, _ grid: StepGrid, output: InstantSelector.Output, consumer: String
    ) throws(QueryError) -> any VectorOperator {
        let shift = shifted(selector.at, selector.offsetMs, grid)
        let times = StepGrid(start: shift.first, step: shift.step, count: grid.count)
        let lookback = context.lookbackDeltaMs
        // Of what is smoothed, times are those of the samples all the same.
        let isSmoothed = selector.rangeExtension == .smoothed && output == .value
        let hints = SelectHints(
            minTime: times.start &- lookback &+ 1 &- beforeTotalsMs, maxTime: times.end &+ (isSmoothed ? lookback : 0),
            step: grid.count > 1 ? grid.step : 0, function: consumer)
        let set = try select(selector.matchers, hints)
        return InstantSelector(
            set, times: times, lookbackMs: lookback, output: isSmoothed ? .interpolation : output,
            isCounted: isCounted, onlyTotals: totals == .wanted,
            RangeRemarks(context: context, range: selector.range))
    }

    /// The samples and windows of an expression of type range vector.
    func range(_ expr: Expr, _ grid: StepGrid, consumer: String) throws(QueryError) -> RangeInput {
        let expr = expr.unwrapped
        guard let trace = context.trace else { return try input(expr, grid, consumer) }
        return try trace.node(expr, steps: grid.count) { (node) throws(QueryError) in
            let input = try input(expr, grid, consumer)
            return RangeInput(
                source: TracedSource(input.source, node), windows: input.windows, rangeExtension: input.rangeExtension)
        }
    }

    private func input(_ expr: Expr, _ grid: StepGrid, _ consumer: String) throws(QueryError) -> RangeInput {
        switch expr {
        case .matrixSelector(let matrix): return try storedRange(matrix, grid, consumer: consumer)
        case .subquery(let subquery): return try subqueryRange(subquery, grid)
        case let other: throw .execution("expected a range vector, got \(other.type.documented)")
        }
    }

    private func storedRange(
        _ matrix: MatrixSelector, _ grid: StepGrid, consumer: String
    ) throws(QueryError) -> RangeInput {
        let selector = matrix.selector
        if let rangeExtension = selector.rangeExtension { try check(rangeExtension, consumer) }
        let shift = shifted(selector.at, selector.offsetMs, grid)
        var windows = WindowGrid(firstEnd: shift.first, endStep: shift.step, rangeMs: matrix.rangeMs, steps: grid)
        if selector.rangeExtension != nil { windows.beforeMs = context.lookbackDeltaMs }
        if selector.rangeExtension == .smoothed { windows.afterMs = context.lookbackDeltaMs }
        let hints = SelectHints(
            minTime: windows.minTime &- beforeTotalsMs, maxTime: windows.maxTime, step: grid.count > 1 ? grid.step : 0,
            function: consumer)
        let set = try select(selector.matchers, hints)
        let source = StoredSamples(
            set, spanMs: windows.maxTime &- windows.minTime,
            totalsFrom: totals == .wanted ? windows.minTime : nil)
        return RangeInput(source: source, windows: windows, rangeExtension: selector.rangeExtension)
    }

    /// How much earlier to read where the totals of histograms are wanted: whether the first one is reset shows against
    /// the one before it.
    private var beforeTotalsMs: Int64 { totals == .wanted ? context.lookbackDeltaMs : 0 }

    /// - Throws: where a function does not know what an anchored or smoothed range is.
    private func check(_ rangeExtension: RangeExtension, _ consumer: String) throws(QueryError) {
        let able =
            rangeExtension == .anchored
            ? ["changes", "delta", "increase", "rate", "resets"] : ["delta", "increase", "rate"]
        if consumer.isEmpty || able.contains(consumer) { return }
        throw .execution(
            "\(rangeExtension.rawValue) modifier can only be used with: \(able.joined(separator: ", ")) - not with "
                + consumer)
    }

    private func subqueryRange(_ subquery: SubqueryExpr, _ grid: StepGrid) throws(QueryError) -> RangeInput {
        let shift = shifted(subquery.at, subquery.offsetMs, grid)
        let windows = WindowGrid(firstEnd: shift.first, endStep: shift.step, rangeMs: subquery.rangeMs, steps: grid)
        let step = max(subquery.stepMs ?? context.subqueryStepMs, 1)
        // Inner steps are absolute multiples of their distance; the first is the smallest in the first window.
        let before = windows.minTime &- 1
        let remainder = (before % step &+ step) % step
        let inner = StepGrid(start: before &- remainder &+ step, end: windows.lastEnd, step: step)
        try context.hold(inner.count)
        defer { context.release(inner.count) }
        let planner = Planner(context: context, isCounted: false, totals: .refused)
        let source = SubquerySamples(try planner.vectorOrScalar(subquery.operand, inner), inner)
        return RangeInput(source: source, windows: windows, rangeExtension: nil)
    }

    /// When evaluation of something with these modifiers begins, and how far it moves with each step.
    private func shifted(_ at: AtModifier?, _ offsetMs: Int64, _ grid: StepGrid) -> (first: Int64, step: Int64) {
        switch at {
        case nil: (grid.start &- offsetMs, grid.count > 1 ? grid.step : 0)
        case .timestamp(let time): (time &- offsetMs, 0)
        case .start: (context.start &- offsetMs, 0)
        case .end: (context.end &- offsetMs, 0)
        }
    }

    private func select(_ matchers: [Matcher], _ hints: SelectHints) throws(QueryError) -> any SeriesSet {
        guard let trace = context.trace else { return try find(matchers, hints) }
        return try trace.indexed { () throws(QueryError) in try find(matchers, hints) }
    }

    private func find(_ matchers: [Matcher], _ hints: SelectHints) throws(QueryError) -> any SeriesSet {
        let began = monotonicNs()
        defer { context.addPreparation(since: began) }
        var hints = hints
        hints.isOver = { [context] in context.isOver }
        do throws(StorageError) {
            return try context.querier.select(matchers, hints: hints)
        } catch {
            try context.check()
            throw .storage(error)
        }
    }

    /// An instant vector, or a scalar as a vector of one series without labels.
    func vectorOrScalar(_ expr: Expr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        guard expr.type == .scalar else { return try vector(expr, grid) }
        let block = try ColumnBlock(rows: 1, steps: grid.count, context)
        block.row(0).update(from: try scalar(expr, grid).values, count: grid.count)
        return Materialized([OutputSeries(labels: .empty)], block)
    }
}

/// What a range function works on.
struct RangeInput {
    let source: any SampleSource
    let windows: WindowGrid
    let rangeExtension: RangeExtension?

    /// Leaves only the first window's samples. A range of histograms has none at its ends, even where it is extended.
    func cut(_ buffer: SampleBuffer) {
        let end = windows.end(0)
        let start = end &- windows.rangeMs
        guard let rangeExtension, buffer.histograms.isEmpty else {
            return buffer.trim(minTime: start &+ 1, maxTime: end)
        }
        buffer.trim(minTime: start &- windows.beforeMs &+ 1, maxTime: end &+ windows.afterMs)
        addEdges(buffer, start: start, end: end, isSmoothed: rangeExtension == .smoothed)
    }
}
