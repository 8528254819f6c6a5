import Glibc
import Model

extension Planner {
    /// The functions of histograms.
    func histogramCall(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let arguments = call.arguments
        let inner = lookingAtBuckets(
            !["histogram_count", "histogram_sum", "histogram_avg"].contains(call.function.name))
        switch call.function.name {
        case "histogram_quantile":
            let quantile = try scalar(arguments[0], grid)
            warnOfQuantiles(quantile, at: arguments[0].range)
            return try inner.quantiles([quantile], label: nil, of: arguments[1], grid)
        case "histogram_quantiles":
            let label = try labelName(arguments[1])
            var quantiles: [ScalarColumn] = []
            for argument in arguments.dropFirst(2) {
                let quantile = try scalar(argument, grid)
                warnOfQuantiles(quantile, at: argument.range)
                quantiles.append(quantile)
            }
            return try inner.quantiles(quantiles, label: label, of: arguments[0], grid)
        case "histogram_fraction":
            let lower = try scalar(arguments[0], grid)
            let upper = try scalar(arguments[1], grid)
            return try inner.fractions(lower, upper, of: arguments[2], grid)
        default:
            let input = try inner.vector(arguments[0], grid, consumer: call.function.name)
            guard let function = HistogramFunction(rawValue: call.function.name) else { return EmptyVector() }
            return HistogramFunctionOperator(input, function, steps: grid.count)
        }
    }

    /// A quantile that changes makes a series of each of its values.
    ///
    /// - Parameter label: the label that says which quantile it is; nil where there is one quantile only.
    private func quantiles(
        _ quantiles: [ScalarColumn], label: String?, of argument: Expr, _ grid: StepGrid
    ) throws(QueryError) -> any VectorOperator {
        let input = try vector(argument, grid, consumer: "histogram_quantile")
        let histograms = try AnyHistograms(input, grid, context, at: argument.unwrapped.range)
        let places = QuantileLabels(quantiles, isLabelled: label != nil)
        var series: [OutputSeries] = []
        for text in places.texts {
            for row in histograms.rows {
                var builder = LabelsBuilder(row.labels)
                if let label { builder.set(label, text) }
                series.append(OutputSeries(labels: builder.labels(), dropsName: true))
            }
        }
        let rows = histograms.rows.count
        let block = try ColumnBlock(rows: series.count, steps: grid.count, context)
        block.clear()
        try forEachIndex(rows, context, cost: grid.count * 100) { (row, worker) throws(QueryError) in
            for k in 0..<grid.count {
                guard let sample = histograms.sample(row, k) else { continue }
                for (index, quantile) in quantiles.enumerated() {
                    let column = block.row(places[index, k] * rows + row)
                    if isPresent(column[k]) { throw duplicateSeriesError }
                    column[k] = histograms.quantile(quantile[k], sample, row)
                }
            }
        }
        return Materialized(series, block)
    }

    private func fractions(_ lower: ScalarColumn, _ upper: ScalarColumn, of argument: Expr, _ grid: StepGrid)
        throws(QueryError) -> any VectorOperator
    {
        let input = try vector(argument, grid, consumer: "histogram_fraction")
        let histograms = try AnyHistograms(input, grid, context, at: argument.unwrapped.range)
        let series = histograms.rows.map { OutputSeries(labels: $0.labels, dropsName: true) }
        let block = try ColumnBlock(rows: series.count, steps: grid.count, context)
        try forEachIndex(series.count, context, cost: grid.count * 100) { (row, worker) throws(QueryError) in
            for k in 0..<grid.count {
                block.row(row)[k] = histograms.fraction(lower[k], upper[k], histograms.sample(row, k), row)
            }
        }
        return Materialized(series, block)
    }
}

/// The functions that take a number from each native histogram by itself.
enum HistogramFunction: String, Sendable {
    case count = "histogram_count"
    case sum = "histogram_sum"
    case average = "histogram_avg"
    case deviation = "histogram_stddev"
    case variance = "histogram_stdvar"

    func value(_ histogram: Histogram) -> Double {
        switch self {
        case .count: histogram.count
        case .sum: histogram.sum
        case .average: histogram.sum / histogram.count
        case .deviation: histogram.variance.squareRoot()
        case .variance: histogram.variance
        }
    }
}

/// A number of each native histogram of a vector; of samples that are numbers already nothing.
private final class HistogramFunctionOperator: VectorOperator {
    private let input: any VectorOperator
    private let function: HistogramFunction
    private let steps: Int

    init(_ input: any VectorOperator, _ function: HistogramFunction, steps: Int) {
        self.input = input
        self.function = function
        self.steps = steps
    }

    var count: Int { input.count }
    var cost: Int { input.cost + steps }
    func labels(_ index: Int) -> Labels { input.labels(index) }
    func dropsName(_ index: Int) -> Bool { true }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let histograms = try input.fill(index, column, worker)
        column.update(repeating: absentValue, count: steps)
        for one in histograms { column[one.step] = function.value(one.histogram) }
        return []
    }
}

/// The histograms of a vector, classic and native: of the classic ones the series grouped by all labels but `le`.
private struct AnyHistograms: Sendable {
    /// What a histogram's series come to.
    struct Row {
        let labels: Labels
        /// The group of classic buckets, and the series of native histograms, that have these labels.
        var group: Int?
        var native: Int?
    }

    enum Sample {
        case classic([Bucket])
        case native(Histogram)
    }

    let rows: [Row]
    private let grouping: Grouping
    private let source: Materialized
    private let context: QueryContext
    private let range: SourceRange
    /// Of each series, in the source's order; NaN where there is none.
    private let bounds: [Double]

    init(_ vector: any VectorOperator, _ grid: StepGrid, _ context: QueryContext, at range: SourceRange)
        throws(QueryError)
    {
        source = try Materialized.of(vector, grid, context)
        self.context = context
        self.range = range
        bounds = source.series.map { parsedBound($0.labels["le"] ?? "") ?? .nan }
        let bounds = bounds
        let source = source
        let withBound = source.series.indices.filter { !bounds[$0].isNaN }
        grouping = Grouping(source, .removing(["le"]), of: withBound)
        var table = LabelTable()
        var rows: [Row] = []
        for (group, series) in grouping.groups.enumerated() {
            _ = table.index(of: series.labels)
            rows.append(Row(labels: series.labels, group: group))
        }
        for index in 0..<source.count where !source.block.histograms(index).isEmpty {
            let row = table.index(of: source.series[index].labels)
            if row == rows.count { rows.append(Row(labels: source.series[index].labels)) }
            rows[row].native = index
        }
        self.rows = rows
        warnOfMalformed()
    }

    /// The histogram of a row at one step; nil where there is none, or both kinds.
    func sample(_ row: Int, _ step: Int) -> Sample? {
        let native = rows[row].native.flatMap { source.block.histograms($0).at(step) }
        let buckets = rows[row].group.map { self.buckets($0, step) } ?? []
        if native != nil, !buckets.isEmpty {
            context.warn("vector contains a mix of classic and native histograms" + metricSuffix(row), at: range)
            return nil
        }
        return native.map { .native($0) } ?? (buckets.isEmpty ? nil : .classic(buckets))
    }

    private func buckets(_ group: Int, _ step: Int) -> [Bucket] {
        var result: [Bucket] = []
        for index in grouping.members(group) {
            let count = source.block.row(Int(index))[step]
            if isPresent(count) { result.append(Bucket(upperBound: bounds[Int(index)], count: count)) }
        }
        return result
    }

    func quantile(_ q: Double, _ sample: Sample, _ row: Int) -> Double {
        switch sample {
        case .classic(let buckets):
            let found = bucketQuantile(q, buckets)
            if found.wasForcedMonotonic { informOfForcing(row) }
            return found.value
        case .native(let histogram):
            let (value, observations) = histogram.quantile(q)
            if observations != .none {
                let result = observations == .result ? "NaN" : "skewed higher"
                context.inform(
                    "input to histogram_quantile has NaN observations, result is \(result)" + metricSuffix(row),
                    at: range)
            }
            return value
        }
    }

    func fraction(_ lower: Double, _ upper: Double, _ sample: Sample?, _ row: Int) -> Double {
        switch sample {
        case .classic(let buckets)?: return bucketFraction(lower, upper, buckets)
        case .native(let histogram)?:
            if lower < upper, histogram.hasNaNObservations {
                context.inform(
                    "input to histogram_fraction has NaN observations, which are excluded from all fractions"
                        + metricSuffix(row), at: range)
            }
            return histogram.fraction(lower, upper)
        case nil: return absentValue
        }
    }

    private func warnOfMalformed() {
        for (index, bound) in bounds.enumerated() where bound.isNaN {
            guard presentCount(source.block.row(index), source.block.steps) > 0 else { continue }
            let labels = source.series[index].labels
            context.warn(
                "bucket label \"le\" is missing or has a malformed value of \(quoted(labels["le"] ?? ""))"
                    + metricSuffix(labels), at: range)
        }
    }

    private func informOfForcing(_ row: Int) {
        context.inform(
            "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/"
                + "prometheus/latest/querying/functions/#histogram_quantile)" + metricSuffix(row), at: range)
    }

    private func metricSuffix(_ row: Int) -> String { metricSuffix(rows[row].labels) }

    private func metricSuffix(_ labels: Labels) -> String {
        let name = labels.metricName ?? ""
        return name.isEmpty ? "" : " for metric name \(quoted(name))"
    }
}

/// The number that a label's value is written as, in any of Go's notations; nil where it is none.
func parsedBound(_ text: String) -> Double? {
    guard !text.isEmpty, !text.utf8.contains(where: { $0 == UInt8(ascii: " ") }) else { return nil }
    let lower = text.lowercased()
    switch lower.drop(while: { $0 == "+" || $0 == "-" }) {
    case "inf", "infinity": return lower.hasPrefix("-") ? -.infinity : .infinity
    case "nan": return nil
    default:
        // Swift wants digits on both sides of a point, Go on one.
        let sign = lower.hasPrefix("-") ? "-" : ""
        let digits = lower.drop { $0 == "+" || $0 == "-" }
        guard lower.count - digits.count <= 1 else { return nil }
        return Double(sign + (digits.hasPrefix(".") ? "0" : "") + digits)
            ?? Double(sign + digits.replacingFirst(of: ".", with: ".0"))
    }
}

extension Substring {
    fileprivate func replacingFirst(of old: Character, with new: String) -> String {
        guard let index = firstIndex(of: old) else { return String(self) }
        return self[..<index] + new + self[self.index(after: index)...]
    }
}

/// A number as OpenMetrics writes it: always with a point or an exponent.
func openMetricsFloat(_ value: Double) -> String {
    let text = formatFloat(value, .general)
    return value.isFinite && !text.contains { $0 == "." || $0 == "e" } ? text + ".0" : text
}
