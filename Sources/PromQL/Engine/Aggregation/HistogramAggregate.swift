import Model

/// What the native histograms of one group come to at the steps at which there are some.
struct HistogramAggregate: Sendable {
    let op: Aggregator
    let remarks: AggregationRemarks
    private var totals: [Int: StepTotal] = [:]

    init(_ op: Aggregator, _ remarks: AggregationRemarks) {
        self.op = op
        self.remarks = remarks
    }

    /// Takes one series in.
    /// - Parameter accumulator: what the numbers of the series before have come to.
    mutating func add(_ histograms: HistogramColumn, of labels: Labels, _ accumulator: Accumulator) {
        switch op {
        case .sum, .avg:
            for one in histograms {
                let hasFloats = accumulator.hasFloats(one.step)
                totals[one.step, default: StepTotal(op, beganWithFloats: hasFloats)]
                    .add(one.histogram, of: labels, hasFloats: hasFloats)
            }
        case .count, .group: for one in histograms { accumulator.count(one.step) }
        default: remarks.ignoredHistogram(op)
        }
    }

    /// Takes in what another one took in after this one.
    /// - Parameter accumulator: what the numbers of the series before the other one's have come to.
    mutating func merge(_ other: HistogramAggregate, _ accumulator: Accumulator) {
        for (step, theirs) in other.totals {
            let hasFloats = accumulator.hasFloats(step)
            totals[step, default: StepTotal(op, beganWithFloats: hasFloats || theirs.beganWithFloats)]
                .merge(theirs, hasFloats: hasFloats)
        }
    }

    /// Gives each step's total. Where there are numbers too, which is what `column` holds, neither kind has a result.
    func finish(_ column: Column) -> HistogramColumn {
        var result: HistogramColumn = []
        for (step, entry) in totals.sorted(by: { $0.key < $1.key }) {
            if isPresent(column[step]) {
                remarkOnMix(entry)
                column[step] = absentValue
                continue
            }
            if let conflict = entry.conflict { remarks.mixedSchemas(conflict.metric) }
            if entry.total.isReconciled { remarks.reconciled() }
            if entry.total.hasResetConflict { remarks.conflictingResets() }
            if let value = entry.total.value { result.append(StepHistogram(step: step, histogram: value)) }
        }
        return result
    }

    /// Whether numbers or histograms that do not fit were met first decides what is said, as in Prometheus: where the
    /// first of all was a number, no histograms are added; behind the first that does not fit, numbers are not seen.
    private func remarkOnMix(_ entry: StepTotal) {
        guard let conflict = entry.conflict, !entry.beganWithFloats else { return remarks.mixedWithFloats() }
        remarks.mixedSchemas(conflict.metric)
        if conflict.isBehindFloats { remarks.mixedWithFloats() }
    }
}

/// The histograms of a group at one step.
private struct StepTotal {
    /// Where exponential and custom buckets met.
    struct Conflict {
        /// Of the series that did not fit; empty where nobody knows it.
        var metric: String
        /// Whether there were numbers before it.
        var isBehindFloats: Bool
    }

    var total: HistogramTotal
    /// Whether the first of the group's samples is a number.
    let beganWithFloats: Bool
    var conflict: Conflict?

    init(_ op: Aggregator, beganWithFloats: Bool) {
        total = HistogramTotal(isAverage: op == .avg)
        self.beganWithFloats = beganWithFloats
    }

    mutating func add(_ histogram: Histogram, of labels: Labels, hasFloats: Bool) {
        total.add(histogram)
        guard conflict == nil, total.isIncompatible else { return }
        conflict = Conflict(metric: labels.metricName ?? "", isBehindFloats: hasFloats)
    }

    mutating func merge(_ other: StepTotal, hasFloats: Bool) {
        total.merge(other.total)
        guard conflict == nil, total.isIncompatible else { return }
        var found = other.conflict ?? Conflict(metric: "", isBehindFloats: other.beganWithFloats)
        found.isBehindFloats = found.isBehindFloats || hasFloats
        conflict = found
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

    func mixedSchemas(_ metric: String) { RangeRemarks(context: context, range: range).mixedSchemas(metric) }

    func reconciled() { RangeRemarks(context: context, range: range).reconciled("aggregation") }

    func conflictingResets() { RangeRemarks(context: context, range: range).conflictingResets() }
}
