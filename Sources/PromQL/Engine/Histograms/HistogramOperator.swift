import Model

/// A sample of either kind.
enum SampleValue: Sendable {
    case float(Double)
    case histogram(Histogram)

    fileprivate var kind: String {
        switch self {
        case .float: "float"
        case .histogram: "histogram"
        }
    }
}

/// A binary operator where a native histogram is on one side or on both.
///
/// - Source: Prometheus 3.14 `promql/engine.go`, vectorElemBinop: behaviour.
struct HistogramOperator: Sendable {
    let binary: BinaryExpr
    let context: QueryContext

    /// The result; nil where there is none, which is remarked upon where the sides do not fit.
    func combine(_ left: SampleValue, _ right: SampleValue) -> SampleValue? {
        let result: SampleValue?
        switch (left, right) {
        case (.float(let number), .histogram(let histogram)) where binary.op == .multiply:
            result = .histogram(histogram.multiplied(by: number).compacted)
        case (.histogram(let histogram), .float(let number)): result = combine(histogram, number)
        case (.histogram(let a), .histogram(let b)): result = combine(a, b)
        default: result = nil
        }
        if result == nil, !isFilter(left, right) {
            let op = binary.op.rawValue
            context.inform(
                "incompatible sample types encountered for binary operator \(quoted(op)): \(left.kind) \(op) "
                    + right.kind, at: binary.range)
        }
        return result
    }

    /// Whether there being no result is one.
    private func isFilter(_ left: SampleValue, _ right: SampleValue) -> Bool {
        guard case .histogram = left, case .histogram = right else { return false }
        return [.equal, .notEqual, .add, .subtract].contains(binary.op)
    }

    private func combine(_ histogram: Histogram, _ number: Double) -> SampleValue? {
        switch binary.op {
        case .multiply: .histogram(histogram.multiplied(by: number).compacted)
        case .divide: .histogram(histogram.divided(by: number).compacted)
        case .trimUpper: .histogram(histogram.trimmed(at: number, keepsAbove: false))
        case .trimLower: .histogram(histogram.trimmed(at: number, keepsAbove: true))
        default: nil
        }
    }

    private func combine(_ a: Histogram, _ b: Histogram) -> SampleValue? {
        switch binary.op {
        case .add: sum(a, b, factor: 1, "addition")
        case .subtract: sum(a, b, factor: -1, "subtraction")
        case .equal, .notEqual: compare(a, b)
        default: nil
        }
    }

    private func compare(_ a: Histogram, _ b: Histogram) -> SampleValue? {
        let isTrue = a.isEqual(b) == (binary.op == .equal)
        if binary.returnsBool { return .float(isTrue ? 1 : 0) }
        return isTrue ? .histogram(a) : nil
    }

    private func sum(_ a: Histogram, _ b: Histogram, factor: Double, _ operation: String) -> SampleValue? {
        var result = HistogramSum(a)
        switch result.add(b, factor: factor) {
        case .added: break
        case .reconciled:
            context.inform("mismatched custom buckets were reconciled during \(operation)", at: binary.range)
        case .incompatible:
            context.warn(
                "incompatible bucket layout encountered for binary operator \(binary.op.rawValue)", at: binary.range)
            return nil
        }
        if Set([a.counterReset, b.counterReset]) == [.reset, .notReset] {
            context.warn("conflicting counter resets during histogram \(operation)", at: binary.range)
        }
        var histogram = result.histogram()
        if factor < 0 { histogram.counterReset = .gauge }
        return .histogram(histogram)
    }

    /// Combines what two series have where one of them has a histogram. The numbers of both are those before they are
    /// combined; `write` is given the steps' results, of which those that are numbers go into a column.
    func combine(
        _ left: UnsafePointer<Double>, _ leftHistograms: HistogramColumn, _ right: UnsafePointer<Double>,
        _ rightHistograms: HistogramColumn
    ) -> [(step: Int, value: SampleValue)] {
        var result: [(step: Int, value: SampleValue)] = []
        var (i, j) = (0, 0)
        while i < leftHistograms.count || j < rightHistograms.count {
            let leftStep = i < leftHistograms.count ? leftHistograms[i].step : .max
            let rightStep = j < rightHistograms.count ? rightHistograms[j].step : .max
            let step = min(leftStep, rightStep)
            let a = leftStep == step ? .histogram(leftHistograms[i].histogram) : float(left[step])
            let b = rightStep == step ? .histogram(rightHistograms[j].histogram) : float(right[step])
            if let a, let b, let value = combine(a, b) { result.append((step, value)) }
            if leftStep == step { i += 1 }
            if rightStep == step { j += 1 }
        }
        return result
    }

    private func float(_ value: Double) -> SampleValue? { isPresent(value) ? .float(value) : nil }
}

/// Puts results at the steps of histograms where they belong: numbers into `column`, histograms into what is returned.
func place(_ results: [(step: Int, value: SampleValue)], into column: Column) -> HistogramColumn {
    var histograms: HistogramColumn = []
    for (step, value) in results {
        switch value {
        case .float(let number): column[step] = number
        case .histogram(let histogram): histograms.append(StepHistogram(step: step, histogram: histogram))
        }
    }
    return histograms
}
