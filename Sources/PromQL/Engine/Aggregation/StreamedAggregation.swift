import Model

/// Aggregates a vector group by group without ever holding more than a column per worker.
///
/// 1. The series of each group form a task. Where there are fewer groups than would keep the workers busy, each group's
///    series are cut into as many parts as there are workers.
/// 2. A task fills one column after the other and adds it to its accumulator.
/// 3. Parts are merged in order, so that the result does not depend on which worker was how fast.
func streamedAggregation(
    _ op: Aggregator, _ vector: any VectorOperator, _ grouping: Grouping, _ grid: StepGrid, _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    let groups = grouping.groups.count
    guard groups > 0 else { return EmptyVector() }
    let result = try ColumnBlock(rows: groups, steps: grid.count, context)
    let isLarge = vector.count.multipliedClamped(by: vector.cost) > 200_000
    let parts = isLarge && groups < 4 * context.workers ? context.workers : 1
    if parts == 1 {
        try forEachIndex(groups, context, cost: vector.cost * max(1, vector.count / groups)) {
            (group, worker) throws(QueryError) in
            let memory = worker.takeColumn(Accumulator.columns * grid.count)
            defer { worker.giveBack(memory) }
            let accumulator = Accumulator(memory, steps: grid.count)
            try accumulate(vector, grouping.order[grouping.starts[group]..<grouping.starts[group + 1]], op, accumulator, worker)
            accumulator.finish(op, into: result.row(group))
        }
        return Materialized(grouping.groups, result)
    }
    let partial = try ColumnBlock(rows: groups * parts, steps: Accumulator.columns * grid.count, context)
    try forEachIndex(groups * parts, context, cost: vector.cost * max(1, vector.count / (groups * parts))) {
        (task, worker) throws(QueryError) in
        let (group, part) = (task / parts, task % parts)
        let first = grouping.starts[group]
        let size = grouping.starts[group + 1] - first
        let slice = grouping.order[first + size * part / parts..<first + size * (part + 1) / parts]
        try accumulate(vector, slice, op, Accumulator(partial.row(task), steps: grid.count), worker)
    }
    for group in 0..<groups {
        let whole = Accumulator(resuming: partial.row(group * parts), steps: grid.count)
        for part in 1..<parts {
            whole.merge(Accumulator(resuming: partial.row(group * parts + part), steps: grid.count), op)
        }
        whole.finish(op, into: result.row(group))
    }
    return Materialized(grouping.groups, result)
}

/// Adds the columns of some series to an accumulator.
private func accumulate(
    _ vector: any VectorOperator, _ series: ArraySlice<Int32>, _ op: Aggregator, _ accumulator: Accumulator,
    _ worker: Worker
) throws(QueryError) {
    let column = worker.takeColumn(accumulator.steps)
    defer { worker.giveBack(column) }
    for index in series {
        try worker.context.check()
        try vector.fill(Int(index), column, worker)
        accumulator.add(column, op)
    }
}
