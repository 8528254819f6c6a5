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

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
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
        var firstSteps = [Int](repeating: .max, count: table.count)
        for (index, row) in target.enumerated() {
            // Whether the name stays is decided by the series that is there first.
            if let first = source.block.presentSteps(row: index).first, first < firstSteps[row] {
                firstSteps[row] = first
                merged[row].dropsName = series[index].dropsName
            }
            try merge(source.block, index, into: block, row)
        }
        return Materialized(merged, block)
    }
}

/// Moves the samples of a row to where that of another block has none.
private func merge(_ source: ColumnBlock, _ index: Int, into block: ColumnBlock, _ row: Int) throws(QueryError) {
    let column = source.row(index)
    let target = block.row(row)
    let hasHistograms = !block.histograms(row).isEmpty
    for k in 0..<block.steps where isPresent(column[k]) {
        if isPresent(target[k]) || hasHistograms && block.hasSample(row: row, step: k) { throw duplicateSeriesError }
        target[k] = column[k]
    }
    for one in source.histograms(index) {
        if block.hasSample(row: row, step: one.step) { throw duplicateSeriesError }
        try block.put(one.histogram, row: row, step: one.step)
    }
}
