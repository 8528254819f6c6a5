import Model

/// `quantile`: of each group's values at each step.
func quantileAggregation(
    _ quantile: ScalarColumn, _ vector: any VectorOperator, _ grouping: Grouping, _ grid: StepGrid,
    _ remarks: AggregationRemarks
) throws(QueryError) -> any VectorOperator {
    let context = remarks.context
    let source = try Materialized.of(vector, grid, context)
    if (0..<source.count).contains(where: { !source.block.histograms($0).isEmpty }) {
        remarks.ignoredHistogram(.quantile)
    }
    let result = try ColumnBlock(rows: grouping.groups.count, steps: grid.count, context)
    // A selection looks at each value several times.
    let cost = (source.count / max(grouping.groups.count, 1)).multipliedClamped(by: 4 * grid.count)
    try forEachIndex(grouping.groups.count, context, cost: cost) { (group, worker) throws(QueryError) in
        let members = grouping.members(group)
        let memory = try worker.takeColumn(members.count)
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
    var counts = ValueCounts(label, selection, grid, context)
    for index in 0..<source.count {
        try context.check()
        let values = source.block.row(index)
        // Neighbouring steps mostly have one value.
        var known: (bits: UInt64, row: Int)?
        for k in 0..<grid.count where isPresent(values[k]) {
            if known?.bits != values[k].bitPattern {
                known = (values[k].bitPattern, try counts.row(formatFloat(values[k]), source.series[index]))
            }
            if let known { counts.count(known.row, k) }
        }
        for one in source.block.histograms(index) {
            let row = try counts.row(one.histogram.description, source.series[index])
            counts.count(row, one.step)
        }
    }
    return try counts.result()
}

/// How many series have each value, per group and step, made as values are seen.
private struct ValueCounts {
    private let label: String
    private let selection: LabelSelection
    private let steps: Int
    private let context: QueryContext
    private var table = LabelTable()
    private var columns: [ColumnBlock] = []
    private var dropsName: [Bool] = []

    init(_ label: String, _ selection: LabelSelection, _ grid: StepGrid, _ context: QueryContext) {
        self.label = label
        self.selection = selection
        steps = grid.count
        self.context = context
    }

    /// The row that counts the value `text` in the group of `series`.
    mutating func row(_ text: String, _ series: OutputSeries) throws(QueryError) -> Int {
        var builder = LabelsBuilder(series.labels)
        builder.set(label, text)
        let row = table.index(of: builder.labels(), selecting: selection)
        if row == columns.count {
            columns.append(try ColumnBlock(rows: 1, steps: steps, context))
            columns[row].clear()
            dropsName.append(false)
        }
        if series.dropsName { dropsName[row] = true }
        return row
    }

    func count(_ row: Int, _ step: Int) {
        let counts = columns[row].row(0)
        counts[step] = isAbsent(counts[step]) ? 1 : counts[step] + 1
    }

    func result() throws(QueryError) -> any VectorOperator {
        let block = try ColumnBlock(rows: columns.count, steps: steps, context)
        for (row, column) in columns.enumerated() { try block.copy(column, row: 0, toRow: row) }
        return Materialized(zip(table.labels, dropsName).map { OutputSeries(labels: $0, dropsName: $1) }, block)
    }
}
