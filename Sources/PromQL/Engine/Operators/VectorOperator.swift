import Model

/// A part of a plan that yields an instant vector at every step.
///
/// An operator is asked for its series first, and then for each series' values at all steps at once. What it needs as a
/// whole (the series that a selector selects, the groups of an aggregation) is done when it is made; what can be done
/// series by series is done as its consumer asks, so that a chain of operators holds one column at a time.
///
/// Labels are unique among an operator's series. Thread-safe: several workers ask at once.
protocol VectorOperator: AnyObject, Sendable {
    /// How many series there are; some may have no sample at any step.
    var count: Int { get }

    /// The labels of series `index`, `__name__` included even where `dropsName` says that the answer shall not show it.
    func labels(_ index: Int) -> Labels

    /// Whether the metric name goes away at the end of the query.
    func dropsName(_ index: Int) -> Bool

    /// Writes the values of series `index` at all steps, and gives its native histograms, at whose steps the column is
    /// absent. A consumer asks once for each series.
    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn

    /// About how many samples and steps one column touches, to decide about threads.
    var cost: Int { get }
}

/// An operator without series.
final class EmptyVector: VectorOperator {
    let count = 0
    let cost = 1
    func labels(_ index: Int) -> Labels { .empty }
    func dropsName(_ index: Int) -> Bool { false }
    func fill(_ index: Int, _ column: Column, _ worker: Worker) -> HistogramColumn { [] }
}

/// Labels that were worked out, with their fate.
struct OutputSeries: Sendable {
    var labels: Labels
    var dropsName = false
}

/// A vector whose columns have been worked out.
final class Materialized: VectorOperator {
    let series: [OutputSeries]
    let block: ColumnBlock

    init(_ series: [OutputSeries], _ block: ColumnBlock) {
        precondition(series.count == block.rows, "BUG: \(series.count) series for \(block.rows) columns")
        self.series = series
        self.block = block
    }

    var count: Int { series.count }
    var cost: Int { block.steps }
    func labels(_ index: Int) -> Labels { series[index].labels }
    func dropsName(_ index: Int) -> Bool { series[index].dropsName }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) -> HistogramColumn {
        column.update(from: block.row(index), count: block.steps)
        return block.histograms(index)
    }

    /// The vector with all its columns worked out.
    static func of(_ vector: any VectorOperator, _ grid: StepGrid, _ context: QueryContext) throws(QueryError)
        -> Materialized
    {
        if let done = vector as? Materialized { return done }
        let block = try ColumnBlock(rows: vector.count, steps: grid.count, context)
        try forEachIndex(vector.count, context, cost: vector.cost) { (index, worker) throws(QueryError) in
            try block.setHistograms(try vector.fill(index, block.row(index), worker), row: index)
        }
        return Materialized(vector.outputSeries, block)
    }
}

extension VectorOperator {
    var outputSeries: [OutputSeries] {
        (0..<count).map { OutputSeries(labels: labels($0), dropsName: dropsName($0)) }
    }
}

/// A vector that is the same at every step: worked out for one and repeated.
final class Repeated: VectorOperator {
    private let single: any VectorOperator
    private let steps: Int

    init(_ single: any VectorOperator, steps: Int) {
        self.single = single
        self.steps = steps
    }

    var count: Int { single.count }
    var cost: Int { single.cost + steps }
    func labels(_ index: Int) -> Labels { single.labels(index) }
    func dropsName(_ index: Int) -> Bool { single.dropsName(index) }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let histograms = try worker.counting(times: steps) { () throws(QueryError) in
            try single.fill(index, column, worker)
        }
        column.update(repeating: column[0], count: steps)
        guard let only = histograms.first else { return [] }
        return (0..<steps).map { StepHistogram(step: $0, histogram: only.histogram) }
    }
}
