import Model

/// `quantile`: of each group's values at each step.
func quantileAggregation(
    _ quantile: ScalarColumn, _ vector: any VectorOperator, _ grouping: Grouping, _ grid: StepGrid,
    _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    let source = try Materialized.of(vector, grid, context)
    let result = try ColumnBlock(rows: grouping.groups.count, steps: grid.count, context)
    // A selection looks at each value several times.
    let cost = (source.count / max(grouping.groups.count, 1)).multipliedClamped(by: 4 * grid.count)
    try forEachIndex(grouping.groups.count, context, cost: cost) { (group, worker) throws(QueryError) in
        let members = grouping.members(group)
        let memory = worker.takeColumn(members.count)
        defer { worker.giveBack(memory) }
        memory.withMemoryRebound(to: Int64.self, capacity: members.count) { keys in
            for k in 0..<grid.count {
                var count = 0
                for index in members {
                    let value = source.block.row(Int(index))[k]
                    if isAbsent(value) { continue }
                    keys[count] = sortKey(value)
                    count += 1
                }
                result.row(group)[k] = count == 0 ? absentValue : PromQL.quantile(quantile[k], keys, count)
            }
        }
    }
    return Materialized(grouping.groups, result)
}

/// `count_values`: how many series of each group have each value, which becomes the label `label`.
func countValues(
    _ label: String, _ vector: any VectorOperator, _ aggregate: AggregateExpr, _ grid: StepGrid, _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    let source = try Materialized.of(vector, grid, context)
    let selection: LabelSelection =
        aggregate.isWithout ? .without(aggregate.grouping) : .only(aggregate.grouping + [label])
    var table = LabelTable()
    var columns: [ColumnBlock] = []
    var dropsName: [Bool] = []
    for index in 0..<source.count {
        try context.check()
        let values = source.block.row(index)
        // Neighbouring steps mostly have one value.
        var known: (bits: UInt64, row: Int)?
        for k in 0..<grid.count where isPresent(values[k]) {
            if known?.bits != values[k].bitPattern {
                var builder = LabelsBuilder(source.series[index].labels)
                builder.set(label, formatFloat(values[k]))
                let row = table.index(of: builder.labels(), selecting: selection)
                if row == columns.count {
                    columns.append(try ColumnBlock(rows: 1, steps: grid.count, context))
                    columns[row].clear()
                    dropsName.append(false)
                }
                if source.series[index].dropsName { dropsName[row] = true }
                known = (values[k].bitPattern, row)
            }
            guard let row = known?.row else { continue }
            let counts = columns[row].row(0)
            counts[k] = isAbsent(counts[k]) ? 1 : counts[k] + 1
        }
    }
    let block = try ColumnBlock(rows: columns.count, steps: grid.count, context)
    for (row, column) in columns.enumerated() { block.row(row).update(from: column.row(0), count: grid.count) }
    return Materialized(zip(table.labels, dropsName).map { OutputSeries(labels: $0, dropsName: $1) }, block)
}
