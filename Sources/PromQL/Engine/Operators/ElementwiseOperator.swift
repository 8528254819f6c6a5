import Model

/// What can be done to each value of a column by itself.
enum ElementStage: Sendable {
    case function(ElementFunction)
    /// Numbers as they are, and no histograms.
    case numbers
    case date(DateFunction)
    /// The time of evaluation in seconds.
    case evaluationTime(StepGrid)
    case clamp(min: ScalarColumn, max: ScalarColumn)
    case clampMin(ScalarColumn)
    case clampMax(ScalarColumn)
    case round(toNearest: ScalarColumn)
    /// An operator with a scalar on its right.
    case withRight(BinaryExpr, ScalarColumn)
    /// An operator with a scalar on its left.
    case withLeft(BinaryExpr, ScalarColumn)
    /// `on` is 1 at the steps at which values stay.
    case gate(on: ScalarColumn)

    func apply(_ column: Column, _ steps: Int, _ worker: Worker) throws(QueryError) {
        switch self {
        case .function(let function): function.apply(column, steps)
        case .numbers: break
        case .date(let part): map(column, steps) { part.value($0) }
        case .evaluationTime(let grid):
            for k in 0..<steps where isPresent(column[k]) { column[k] = Double(grid.time(k)) / 1000 }
        case .clamp(let low, let high):
            for k in 0..<steps where isPresent(column[k]) {
                column[k] = low[k] > high[k] ? absentValue : larger(low[k], smaller(high[k], column[k]))
            }
        case .clampMin(let low): map(column, low) { larger($1, $0) }
        case .clampMax(let high): map(column, high) { smaller($1, $0) }
        case .round(let nearest):
            map(column, nearest) { value, nearest in
                let inverse = 1 / nearest
                return (value * inverse + 0.5).rounded(.down) / inverse
            }
        case .withRight(let binary, let scalar):
            remarkOnTrimming(binary, column, steps, worker)
            combine(binary.op, column, scalar.values, steps, returnsBool: binary.returnsBool)
        case .withLeft(let binary, let scalar):
            remarkOnTrimming(binary, column, steps, worker)
            try applyLeft(binary.op, scalar, column, steps, returnsBool: binary.returnsBool, worker)
        case .gate(let on):
            for k in 0..<steps where on[k] != 1 { column[k] = absentValue }
        }
    }

    /// What becomes of native histograms; most functions know of numbers only. A number that comes of one goes into
    /// `column`.
    func apply(_ histograms: HistogramColumn, _ column: Column, _ worker: Worker) -> HistogramColumn {
        switch self {
        case .function(.negate):
            return histograms.map { StepHistogram(step: $0.step, histogram: $0.histogram.multiplied(by: -1)) }
        case .evaluationTime(let grid):
            for one in histograms { column[one.step] = Double(grid.time(one.step)) / 1000 }
            return []
        case .gate(let on): return histograms.filter { on[$0.step] == 1 }
        case .withRight(let binary, let scalar):
            let op = HistogramOperator(binary: binary, context: worker.context)
            return place(op.combine(column, histograms, scalar.values, []), into: column)
        case .withLeft(let binary, let scalar):
            let op = HistogramOperator(binary: binary, context: worker.context)
            return place(op.combine(scalar.values, [], column, histograms), into: column)
        default: return []
        }
    }

    /// Says that numbers cannot be trimmed where there are some.
    private func remarkOnTrimming(_ binary: BinaryExpr, _ column: Column, _ steps: Int, _ worker: Worker) {
        guard binary.op.isTrim, presentCount(column, steps) > 0 else { return }
        _ = HistogramOperator(binary: binary, context: worker.context).combine(.float(0), .float(0))
    }

    /// A filtering comparison yields the vector's value on whichever side it stands, so that it is turned around.
    private func applyLeft(
        _ op: BinaryOperator, _ scalar: ScalarColumn, _ column: Column, _ steps: Int, returnsBool: Bool,
        _ worker: Worker
    ) throws(QueryError) {
        if let mirrored = op.mirrored {
            return combine(mirrored, column, scalar.values, steps, returnsBool: returnsBool)
        }
        let right = try worker.takeColumn(steps)
        defer { worker.giveBack(right) }
        right.update(from: column, count: steps)
        column.update(from: scalar.values, count: steps)
        combine(op, column, right, steps, returnsBool: returnsBool)
    }
}

extension BinaryOperator {
    /// The comparison that holds for `b, a` where this one holds for `a, b`; nil for other operators.
    var mirrored: BinaryOperator? {
        switch self {
        case .equal, .notEqual: self
        case .greater: .less
        case .less: .greater
        case .greaterOrEqual: .lessOrEqual
        case .lessOrEqual: .greaterOrEqual
        default: nil
        }
    }
}

/// The larger of two numbers, NaN where one is, unless the other is infinite: nothing is larger.
private func larger(_ a: Double, _ b: Double) -> Double {
    if a == .infinity || b == .infinity { return .infinity }
    return a.isNaN || b.isNaN ? .ordinaryNaN : a > b ? a : b
}

/// The smaller of two numbers, NaN where one is, unless the other is infinite: nothing is smaller.
private func smaller(_ a: Double, _ b: Double) -> Double { -larger(-a, -b) }

/// A vector each of whose values is changed by itself.
final class ElementwiseOperator: VectorOperator {
    private let input: any VectorOperator
    private let stage: ElementStage
    private let steps: Int
    private let namesDropped: Bool

    init(_ input: any VectorOperator, _ stage: ElementStage, steps: Int, dropsName: Bool) {
        self.input = input
        self.stage = stage
        self.steps = steps
        namesDropped = dropsName
    }

    var count: Int { input.count }
    var cost: Int { input.cost + steps }
    func labels(_ index: Int) -> Labels { input.labels(index) }
    func dropsName(_ index: Int) -> Bool { namesDropped || input.dropsName(index) }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let histograms = try input.fill(index, column, worker)
        try stage.apply(column, steps, worker)
        return histograms.isEmpty ? [] : stage.apply(histograms, column, worker)
    }
}
