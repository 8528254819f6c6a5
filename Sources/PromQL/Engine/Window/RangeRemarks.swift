import Model

/// What a range function says about the histograms that it sees, at its argument's place in the query.
///
/// - Source: Prometheus 3.14 `util/annotations`: texts.
struct RangeRemarks: Sendable {
    let context: QueryContext
    let range: SourceRange

    func mixedWithFloats(_ name: String) {
        context.warn("encountered a mix of histograms and floats for metric name \(quoted(name))", at: range)
    }

    func mixedSchemas(_ name: String) {
        context.warn(
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name "
                + quoted(name), at: range)
    }

    func notCounter(_ name: String) {
        context.warn("this native histogram metric is not a counter: \(quoted(name))", at: range)
    }

    func notGauge(_ name: String) {
        context.warn("this native histogram metric is not a gauge: \(quoted(name))", at: range)
    }

    func ignoredHistograms(_ name: String) {
        context.inform(
            "ignored histograms in a range containing both floats and histograms for metric name \(quoted(name))",
            at: range)
    }

    func reconciled(_ operation: String) {
        context.inform("mismatched custom buckets were reconciled during \(operation)", at: range)
    }

    func conflictingResets() {
        context.warn("conflicting counter resets during histogram aggregation", at: range)
    }

    func overlappingStart(_ name: String) {
        context.warn(
            "sample has start time that overlaps with previous sample timestamp for metric \(quoted(name))", at: range)
    }
}
