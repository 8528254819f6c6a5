import Model

/// What the native histograms of one group come to at the steps at which there are some.
struct HistogramAggregate: Sendable {
    let op: Aggregator
    let remarks: AggregationRemarks
    private var totals: [Int: HistogramTotal] = [:]

    init(_ op: Aggregator, _ remarks: AggregationRemarks) {
        self.op = op
        self.remarks = remarks
    }

    /// Takes one series in.
    mutating func add(_ histograms: HistogramColumn, of labels: Labels, _ accumulator: Accumulator) {
        switch op {
        case .sum, .avg:
            for one in histograms {
                let wasIncompatible = totals[one.step]?.isIncompatible ?? false
                totals[one.step, default: HistogramTotal(isAverage: op == .avg)].add(one.histogram)
                if !wasIncompatible, totals[one.step]!.isIncompatible { remarks.mixedSchemas(labels) }
            }
        case .count, .group: for one in histograms { accumulator.count(one.step) }
        default: remarks.ignoredHistogram(op)
        }
    }

    /// Takes in what another one took in after this one.
    mutating func merge(_ other: HistogramAggregate) {
        for (step, total) in other.totals {
            totals[step, default: HistogramTotal(isAverage: op == .avg)].merge(total)
            // Nobody knows any longer which metric it was; one that the group has is told.
            if totals[step]!.isIncompatible, !total.isIncompatible { remarks.mixedSchemas(.empty) }
        }
    }

    /// Gives each step's total. Where there are numbers too, which is what `column` holds, neither kind has a result.
    func finish(_ column: Column) -> HistogramColumn {
        var result: HistogramColumn = []
        for (step, total) in totals.sorted(by: { $0.key < $1.key }) {
            if isPresent(column[step]) {
                remarks.mixedWithFloats()
                column[step] = absentValue
                continue
            }
            if total.isReconciled { remarks.reconciled() }
            if total.hasResetConflict { remarks.conflictingResets() }
            if let value = total.value { result.append(StepHistogram(step: step, histogram: value)) }
        }
        return result
    }
}

/// What an aggregation says about the histograms that it sees, at its operand's place in the query.
///
/// - Source: Prometheus 3.14 `util/annotations`: texts.
struct AggregationRemarks: Sendable {
    let context: QueryContext
    let range: SourceRange

    func ignoredHistogram(_ op: Aggregator) {
        context.inform("ignored histogram in \(op.rawValue) aggregation", at: range)
    }

    func mixedWithFloats() {
        context.warn("encountered a mix of histograms and floats for aggregation", at: range)
    }

    func mixedSchemas(_ labels: Labels) {
        RangeRemarks(context: context, range: range).mixedSchemas(labels.metricName ?? "")
    }

    func reconciled() { RangeRemarks(context: context, range: range).reconciled("aggregation") }

    func conflictingResets() { RangeRemarks(context: context, range: range).conflictingResets() }
}
