import Model

/// Aggregates a vector group by group without ever holding more than a column per worker.
///
/// 1. The series of each group form a task. Where there are fewer groups than would keep the workers busy, each group's
///    series are cut into as many parts as there are workers.
/// 2. A task fills one column after the other and adds it to its accumulator.
/// 3. Parts are merged in order, so that the result does not depend on which worker was how fast.
func streamedAggregation(
    _ op: Aggregator, _ vector: any VectorOperator, _ grouping: Grouping, _ grid: StepGrid,
    _ remarks: AggregationRemarks
) throws(QueryError) -> any VectorOperator {
    let context = remarks.context
    let groups = grouping.groups.count
    guard groups > 0 else { return EmptyVector() }
    let result = try ColumnBlock(rows: groups, steps: grid.count, context)
    // Below this many samples and steps starting threads does not pay.
    let isLarge = vector.count.multipliedClamped(by: vector.cost) > 200_000
    if isLarge, context.workers > 1, groups < 4 * context.workers {
        context.trace?.note("groups in \(context.workers) parts")
        try aggregateInParts(op, vector, grouping, parts: context.workers, into: result, remarks)
    } else {
        try aggregateByGroup(op, vector, grouping, into: result, remarks)
    }
    return Materialized(grouping.groups, result)
}

/// Makes each group one task.
private func aggregateByGroup(
    _ op: Aggregator, _ vector: any VectorOperator, _ grouping: Grouping, into result: ColumnBlock,
    _ remarks: AggregationRemarks
) throws(QueryError) {
    let cost = vector.cost.multipliedClamped(by: max(1, vector.count / result.rows))
    try forEachIndex(result.rows, remarks.context, cost: cost) { (group, worker) throws(QueryError) in
        let memory = try worker.takeColumn(Accumulator.columns * result.steps)
        defer { worker.giveBack(memory) }
        let accumulator = Accumulator(memory, steps: result.steps)
        let histograms = try accumulate(vector, grouping.members(group), op, accumulator, worker, remarks)
        accumulator.finish(op, into: result.row(group))
        if let histograms { try result.setHistograms(histograms.finish(result.row(group)), row: group) }
    }
}

/// Makes each group `parts` tasks, and merges what they come to.
private func aggregateInParts(
    _ op: Aggregator, _ vector: any VectorOperator, _ grouping: Grouping, parts: Int, into result: ColumnBlock,
    _ remarks: AggregationRemarks
) throws(QueryError) {
    let steps = result.steps
    let context = remarks.context
    let partial = try ColumnBlock(rows: result.rows * parts, steps: Accumulator.columns * steps, context)
    let histograms = TaskSlots<HistogramAggregate>(partial.rows)
    let cost = vector.cost.multipliedClamped(by: max(1, vector.count / partial.rows))
    try forEachIndex(partial.rows, context, cost: cost) { (task, worker) throws(QueryError) in
        let members = grouping.members(task / parts)
        let part = task % parts
        let first = members.startIndex + members.count * part / parts
        let end = members.startIndex + members.count * (part + 1) / parts
        histograms[task] = try accumulate(
            vector, members[first..<end], op, Accumulator(partial.row(task), steps: steps), worker, remarks)
    }
    for group in 0..<result.rows {
        let whole = Accumulator(resuming: partial.row(group * parts), steps: steps)
        var aggregate = histograms[group * parts]
        for part in 1..<parts {
            if let more = histograms[group * parts + part] {
                if aggregate == nil { aggregate = HistogramAggregate(op, remarks) }
                aggregate!.merge(more, whole)
            }
            whole.merge(Accumulator(resuming: partial.row(group * parts + part), steps: steps), op)
        }
        whole.finish(op, into: result.row(group))
        if let aggregate { try result.setHistograms(aggregate.finish(result.row(group)), row: group) }
    }
}

/// Adds the columns of some series to an accumulator, and gives what their histograms come to where there are some.
private func accumulate(
    _ vector: any VectorOperator, _ series: ArraySlice<Int32>, _ op: Aggregator, _ accumulator: Accumulator,
    _ worker: Worker, _ remarks: AggregationRemarks
) throws(QueryError) -> HistogramAggregate? {
    var aggregate: HistogramAggregate?
    let column = try worker.takeColumn(accumulator.steps)
    defer { worker.giveBack(column) }
    for index in series {
        try worker.context.check()
        let histograms = try vector.fill(Int(index), column, worker)
        accumulator.add(column, op)
        if histograms.isEmpty { continue }
        if aggregate == nil { aggregate = HistogramAggregate(op, remarks) }
        aggregate!.add(histograms, of: vector.labels(Int(index)), accumulator)
    }
    return aggregate
}
