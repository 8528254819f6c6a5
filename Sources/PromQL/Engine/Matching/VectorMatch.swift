import Model

/// A binary operator between two instant vectors.
///
/// The side that may have several series per match group is called the many side, the other one the one side; with
/// one-to-one matching the left is the many side. Where each match group has the series that it needs and no more,
/// pairs are fixed and streamed. Otherwise (series that take turns, or a real ambiguity) they are found step by step.
struct VectorMatch {
    let binary: BinaryExpr
    let matching: VectorMatching
    let many: any VectorOperator
    let one: any VectorOperator
    let manyIsLeft: Bool
    let grid: StepGrid
    let context: QueryContext

    init(
        _ binary: BinaryExpr, _ matching: VectorMatching, _ lhs: any VectorOperator, _ rhs: any VectorOperator,
        _ grid: StepGrid, _ context: QueryContext
    ) {
        self.binary = binary
        self.matching = matching
        manyIsLeft = matching.cardinality != .oneToMany
        many = manyIsLeft ? lhs : rhs
        one = manyIsLeft ? rhs : lhs
        self.grid = grid
        self.context = context
    }

    var isOneToOne: Bool { matching.cardinality == .oneToOne }
    var fillMany: Double? { manyIsLeft ? matching.fillLeft : matching.fillRight }
    var fillOne: Double? { manyIsLeft ? matching.fillRight : matching.fillLeft }

    func `operator`() throws(QueryError) -> any VectorOperator {
        if many.count == 0 && fillMany == nil || one.count == 0 && fillOne == nil { return EmptyVector() }
        if fillMany == nil, fillOne == nil, let pairs = fixedPairs() { return try streamed(pairs) }
        context.trace?.note("pairs are found at every step")
        return try StepwiseMatch(self).operator()
    }

    /// The series that belong together, where that does not depend on which of them are present; otherwise nil.
    private func fixedPairs() -> [SeriesPair]? {
        var table = LabelTable()
        let selection = matching.selection
        for index in 0..<one.count {
            if table.index(of: one.labels(index), selecting: selection) != index { return nil }
        }
        var isTaken = [Bool](repeating: false, count: one.count)
        var outputs = LabelTable()
        var pairs: [SeriesPair] = []
        for index in 0..<many.count {
            let labels = many.labels(index)
            guard let partner = table.find(labels, selecting: selection) else { continue }
            if isOneToOne, isTaken[partner] { return nil }
            isTaken[partner] = true
            let output = resultLabels(labels, one.labels(partner))
            if outputs.index(of: output) != pairs.count { return nil }
            pairs.append(SeriesPair(many: index, one: partner, output: resultSeries(output, manyIndex: index)))
        }
        return pairs
    }

    private func streamed(_ pairs: [SeriesPair]) throws(QueryError) -> any VectorOperator {
        // Of the one side a column may be wanted several times.
        let isShared = !isOneToOne && pairs.count > Set(pairs.map(\.one)).count
        let one = isShared ? try Materialized.of(one, grid, context) : one
        return PairedOperator(
            binary, pairs, many: many, one: one, manyIsLeft: manyIsLeft, steps: grid.count)
    }

    /// The labels of what two series give.
    func resultLabels(_ many: Labels, _ one: Labels) -> Labels {
        var result = binary.op.keepsName ? many : MetadataLabels.drop(many)
        if isOneToOne {
            result = (matching.isOn ? LabelSelection.only : LabelSelection.removing)(matching.labels)(result)
        }
        if matching.include.isEmpty { return result }
        var builder = LabelsBuilder(result)
        for name in matching.include { builder.set(name, one[name] ?? "") }
        return builder.labels()
    }

    /// - Parameter manyIndex: the series of the many side; nil where a fill value stands for it.
    func resultSeries(_ labels: Labels, manyIndex: Int?) -> OutputSeries {
        let isHidden = manyIndex.map { many.dropsName($0) } ?? false
        return OutputSeries(labels: labels, dropsName: binary.returnsBool || binary.op.keepsName && isHidden)
    }
}

/// Two series whose samples are combined.
struct SeriesPair: Sendable {
    let many: Int
    let one: Int
    let output: OutputSeries
}

/// Fixed pairs of series, combined column by column.
private final class PairedOperator: VectorOperator {
    private let binary: BinaryExpr
    private let pairs: [SeriesPair]
    private let many: any VectorOperator
    private let one: any VectorOperator
    private let manyIsLeft: Bool
    private let steps: Int

    init(
        _ binary: BinaryExpr, _ pairs: [SeriesPair], many: any VectorOperator, one: any VectorOperator,
        manyIsLeft: Bool, steps: Int
    ) {
        self.binary = binary
        self.pairs = pairs
        self.many = many
        self.one = one
        self.manyIsLeft = manyIsLeft
        self.steps = steps
    }

    var count: Int { pairs.count }
    var cost: Int { many.cost + one.cost + steps }
    func labels(_ index: Int) -> Labels { pairs[index].output.labels }
    func dropsName(_ index: Int) -> Bool { pairs[index].output.dropsName }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let other = try worker.takeColumn(steps)
        defer { worker.giveBack(other) }
        let pair = pairs[index]
        // The left side's column is the one that the result is written into.
        let ofMany = try many.fill(pair.many, manyIsLeft ? column : other, worker)
        let ofOne = try one.fill(pair.one, manyIsLeft ? other : column, worker)
        let op = HistogramOperator(binary: binary, context: worker.context)
        if binary.op.isTrim, (0..<steps).contains(where: { isPresent(column[$0]) && isPresent(other[$0]) }) {
            _ = op.combine(.float(0), .float(0))
        }
        if ofMany.isEmpty, ofOne.isEmpty {
            combine(binary.op, column, other, steps, returnsBool: binary.returnsBool)
            return []
        }
        let results = op.combine(column, manyIsLeft ? ofMany : ofOne, other, manyIsLeft ? ofOne : ofMany)
        combine(binary.op, column, other, steps, returnsBool: binary.returnsBool)
        return place(results, into: column)
    }
}
