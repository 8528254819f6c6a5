import Model

/// What `quantile_over_time` gives, with a warning of each quantile that is none and was asked of a sample.
final class QuantileCheck: VectorOperator {
    private let quantiles: any VectorOperator
    /// Steps with a bad quantile.
    private let bad: [(step: Int, quantile: Double)]
    private let warn: @Sendable (Double) -> Void

    init(_ quantiles: any VectorOperator, _ parameter: ScalarColumn, warn: @escaping @Sendable (Double) -> Void) {
        self.quantiles = quantiles
        self.warn = warn
        bad = parameter.elements.enumerated().filter { !($1 >= 0 && $1 <= 1) }.map { ($0, $1) }
    }

    var count: Int { quantiles.count }
    var cost: Int { quantiles.cost }
    func labels(_ index: Int) -> Labels { quantiles.labels(index) }
    func dropsName(_ index: Int) -> Bool { quantiles.dropsName(index) }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let histograms = try quantiles.fill(index, column, worker)
        for (step, quantile) in bad where isPresent(column[step]) { warn(quantile) }
        return histograms
    }
}
