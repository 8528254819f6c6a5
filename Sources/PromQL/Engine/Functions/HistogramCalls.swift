import Model

extension Planner {
    /// The functions of histograms. Those of native histograms yield nothing of float samples.
    func histogramCall(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let arguments = call.arguments
        switch call.function.name {
        case "histogram_quantile":
            let quantile = try scalar(arguments[0], grid)
            warnOfQuantile(quantile, at: arguments[0].range)
            return try quantiles([quantile], label: nil, of: arguments[1], grid)
        case "histogram_quantiles":
            let label = try string(arguments[1])
            guard isValidLabelName(label) else { throw .execution("invalid label name \(quoted(label))") }
            var quantiles: [ScalarColumn] = []
            for argument in arguments.dropFirst(2) {
                let quantile = try scalar(argument, grid)
                warnOfQuantile(quantile, at: argument.range)
                quantiles.append(quantile)
            }
            return try self.quantiles(quantiles, label: label, of: arguments[0], grid)
        case "histogram_fraction":
            let lower = try scalar(arguments[0], grid)
            let upper = try scalar(arguments[1], grid)
            return try fractions(lower, upper, of: arguments[2], grid)
        default: return EmptyVector()
        }
    }

    /// - Parameter label: the label that says which quantile it is; nil where there is one quantile only.
    private func quantiles(
        _ quantiles: [ScalarColumn], label: String?, of argument: Expr, _ grid: StepGrid
    ) throws(QueryError) -> any VectorOperator {
        let input = try vector(argument, grid, consumer: "histogram_quantile")
        let histograms = try ClassicHistograms(input, grid, context)
        histograms.warnOfMalformed(at: argument.range)
        var series: [OutputSeries] = []
        for quantile in quantiles {
            for group in histograms.grouping.groups {
                var builder = LabelsBuilder(group.labels)
                if let label { builder.set(label, openMetricsFloat(quantile[0])) }
                series.append(OutputSeries(labels: builder.labels(), dropsName: true))
            }
        }
        let groups = histograms.grouping.groups.count
        let block = try ColumnBlock(rows: series.count, steps: grid.count, context)
        let context = context
        try forEachIndex(groups, context, cost: grid.count * 100) { (group, worker) throws(QueryError) in
            var forced = false
            for k in 0..<grid.count {
                let buckets = histograms.buckets(group, k)
                for (index, quantile) in quantiles.enumerated() {
                    let found =
                        buckets.isEmpty ? BucketQuantile(value: absentValue) : bucketQuantile(quantile[k], buckets)
                    block.row(index * groups + group)[k] = found.value
                    forced = forced || found.wasForcedMonotonic
                }
            }
            if forced { histograms.informOfForcing(group, at: argument.range) }
        }
        return Materialized(series, block)
    }

    private func fractions(_ lower: ScalarColumn, _ upper: ScalarColumn, of argument: Expr, _ grid: StepGrid)
        throws(QueryError) -> any VectorOperator
    {
        let input = try vector(argument, grid, consumer: "histogram_fraction")
        let histograms = try ClassicHistograms(input, grid, context)
        histograms.warnOfMalformed(at: argument.range)
        let series = histograms.grouping.groups.map { OutputSeries(labels: $0.labels, dropsName: true) }
        let block = try ColumnBlock(rows: series.count, steps: grid.count, context)
        try forEachIndex(series.count, context, cost: grid.count * 100) { (group, worker) throws(QueryError) in
            for k in 0..<grid.count {
                let buckets = histograms.buckets(group, k)
                block.row(group)[k] = buckets.isEmpty ? absentValue : bucketFraction(lower[k], upper[k], buckets)
            }
        }
        return Materialized(series, block)
    }
}

/// The classic histograms of a vector: its series grouped by all labels but `le`.
private struct ClassicHistograms: Sendable {
    let grouping: Grouping
    private let source: Materialized
    private let context: QueryContext
    /// Of each series, in the source's order; NaN where there is none.
    private let bounds: [Double]

    init(_ vector: any VectorOperator, _ grid: StepGrid, _ context: QueryContext) throws(QueryError) {
        source = try Materialized.of(vector, grid, context)
        self.context = context
        bounds = source.series.map { parsedBound($0.labels["le"] ?? "") ?? .nan }
        let bounds = bounds
        let source = source
        let withBound = source.series.indices.filter { !bounds[$0].isNaN }
        grouping = Grouping(source, .removing(["le"]), of: withBound)
    }

    /// The buckets of one histogram at one step.
    func buckets(_ group: Int, _ step: Int) -> [Bucket] {
        var result: [Bucket] = []
        for index in grouping.members(group) {
            let count = source.block.row(Int(index))[step]
            if isPresent(count) { result.append(Bucket(upperBound: bounds[Int(index)], count: count)) }
        }
        return result
    }

    func warnOfMalformed(at range: SourceRange) {
        for (index, bound) in bounds.enumerated() where bound.isNaN {
            guard presentCount(source.block.row(index), source.block.steps) > 0 else { continue }
            let labels = source.series[index].labels
            context.warn(
                "bucket label \"le\" is missing or has a malformed value of \(quoted(labels["le"] ?? ""))"
                    + metricSuffix(labels), at: range)
        }
    }

    func informOfForcing(_ group: Int, at range: SourceRange) {
        context.inform(
            "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/"
                + "prometheus/latest/querying/functions/#histogram_quantile)"
                + metricSuffix(grouping.groups[group].labels), at: range)
    }

    private func metricSuffix(_ labels: Labels) -> String {
        " for metric name \(quoted(labels.metricName ?? ""))"
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
