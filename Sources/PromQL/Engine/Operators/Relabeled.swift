import Model

/// A vector whose series have other labels.
final class Relabeled: VectorOperator {
    private let input: any VectorOperator
    private let series: [OutputSeries]

    private init(_ input: any VectorOperator, _ series: [OutputSeries]) {
        self.input = input
        self.series = series
    }

    var count: Int { series.count }
    var cost: Int { input.cost }
    func labels(_ index: Int) -> Labels { series[index].labels }
    func dropsName(_ index: Int) -> Bool { series[index].dropsName }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) {
        try input.fill(index, column, worker)
    }

    /// `input` with `series` in place of its own. Series that become alike are made one.
    /// - Throws: where two of them have a sample at the same step.
    static func of(
        _ input: any VectorOperator, _ series: [OutputSeries], _ grid: StepGrid, _ context: QueryContext
    ) throws(QueryError) -> any VectorOperator {
        var table = LabelTable()
        var target: [Int] = []
        target.reserveCapacity(series.count)
        for one in series { target.append(table.index(of: one.labels)) }
        if table.count == series.count { return Relabeled(input, series) }
        let source = try Materialized.of(input, grid, context)
        let block = try ColumnBlock(rows: table.count, steps: grid.count, context)
        block.clear()
        var merged = table.labels.map { OutputSeries(labels: $0) }
        for (index, row) in target.enumerated() {
            merged[row].dropsName = merged[row].dropsName || series[index].dropsName
            try merge(source.block.row(index), into: block.row(row), grid.count)
        }
        return Materialized(merged, block)
    }
}

/// Moves the present values of `column` to where `target` has none.
func merge(_ column: Column, into target: Column, _ steps: Int) throws(QueryError) {
    for k in 0..<steps where isPresent(column[k]) {
        if isPresent(target[k]) { throw duplicateSeriesError }
        target[k] = column[k]
    }
}
