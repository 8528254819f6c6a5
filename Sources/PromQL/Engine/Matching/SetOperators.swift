import Model

/// For several rows, at which steps something is present: one bit each.
final class PresenceMasks: @unchecked Sendable {
    // SAFETY: rows × wordsPerRow initialised words, owned by this object and freed in `deinit`. While masks are made,
    // each thread writes to rows of its own; they are read only afterwards.
    private let words: UnsafeMutablePointer<UInt64>
    private let wordsPerRow: Int

    init(rows: Int, steps: Int) {
        wordsPerRow = (steps + 63) / 64
        words = .allocate(capacity: max(rows * wordsPerRow, 1))
        words.initialize(repeating: 0, count: rows * wordsPerRow)
    }

    deinit { words.deallocate() }

    /// Adds the steps at which there is a sample.
    func add(_ column: Column, _ histograms: HistogramColumn, _ steps: Int, toRow row: Int) {
        let words = words + row * wordsPerRow
        for k in 0..<steps where isPresent(column[k]) { words[k >> 6] |= 1 << UInt64(k & 63) }
        for one in histograms { words[one.step >> 6] |= 1 << UInt64(one.step & 63) }
    }

    /// Makes absent what is at steps at which the row is not present, or, with `inverted`, at which it is.
    func mask(_ column: Column, _ histograms: inout HistogramColumn, _ steps: Int, byRow row: Int, inverted: Bool) {
        let words = words + row * wordsPerRow
        if !histograms.isEmpty {
            histograms.removeAll { words[$0.step >> 6] >> UInt64($0.step & 63) & 1 == (inverted ? 1 : 0) }
        }
        for k in 0..<steps {
            let isSet = words[k >> 6] >> UInt64(k & 63) & 1 == 1
            if isSet == inverted { column[k] = absentValue }
        }
    }
}

/// A vector with what series of another vector decide taken out.
private final class MaskedOperator: VectorOperator {
    private let input: any VectorOperator
    private let masks: PresenceMasks
    /// The mask of each series; nil where the other vector has no such series.
    private let rows: [Int?]
    private let inverted: Bool
    private let steps: Int

    init(_ input: any VectorOperator, _ masks: PresenceMasks, rows: [Int?], inverted: Bool, steps: Int) {
        self.input = input
        self.masks = masks
        self.rows = rows
        self.inverted = inverted
        self.steps = steps
    }

    var count: Int { input.count }
    var cost: Int { input.cost + steps }
    func labels(_ index: Int) -> Labels { input.labels(index) }
    func dropsName(_ index: Int) -> Bool { input.dropsName(index) }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        if let row = rows[index] {
            var histograms = try input.fill(index, column, worker)
            masks.mask(column, &histograms, steps, byRow: row, inverted: inverted)
            return histograms
        }
        if inverted { return try input.fill(index, column, worker) }
        column.update(repeating: absentValue, count: steps)
        return []
    }
}

/// `lhs and rhs`: the left side's samples where the right side has one with the same labels.
func intersection(
    _ lhs: any VectorOperator, _ rhs: any VectorOperator, _ selection: LabelSelection, _ grid: StepGrid,
    _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    try masked(lhs, by: rhs, selection, inverted: false, grid, context)
}

/// `lhs unless rhs`: the left side's samples where the right side has none with the same labels.
func difference(
    _ lhs: any VectorOperator, _ rhs: any VectorOperator, _ selection: LabelSelection, _ grid: StepGrid,
    _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    try masked(lhs, by: rhs, selection, inverted: true, grid, context)
}

/// `lhs or rhs`: the left side's samples, and the right side's where the left has none with the same labels.
func union(
    _ lhs: any VectorOperator, _ rhs: any VectorOperator, _ selection: LabelSelection, _ grid: StepGrid,
    _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    if lhs.count == 0 { return rhs }
    if rhs.count == 0 { return lhs }
    // The left side is asked twice: for its presence and for its values.
    let left = try Materialized.of(lhs, grid, context)
    let right = try masked(rhs, by: left, selection, inverted: true, grid, context)
    let both = Concatenated(left, right)
    // Series with the same labels on both sides, which are never present at one step, become one.
    return try Relabeled.of(both, both.outputSeries, grid, context)
}

private func masked(
    _ input: any VectorOperator, by other: any VectorOperator, _ selection: LabelSelection, inverted: Bool,
    _ grid: StepGrid, _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    let grouping = Grouping(other, selection)
    let masks = PresenceMasks(rows: grouping.groups.count, steps: grid.count)
    let cost = other.cost.multipliedClamped(by: max(1, other.count / max(grouping.groups.count, 1)))
    try forEachIndex(grouping.groups.count, context, cost: cost) { (group, worker) throws(QueryError) in
        let column = try worker.takeColumn(grid.count)
        defer { worker.giveBack(column) }
        for index in grouping.members(group) {
            try context.check()
            let histograms = try other.fill(Int(index), column, worker)
            masks.add(column, histograms, grid.count, toRow: group)
        }
    }
    var table = LabelTable()
    for group in grouping.groups { _ = table.index(of: group.labels) }
    let rows = (0..<input.count).map { table.find(input.labels($0), selecting: selection) }
    return MaskedOperator(input, masks, rows: rows, inverted: inverted, steps: grid.count)
}

/// The series of one vector and then those of another; labels may occur in both.
private final class Concatenated: VectorOperator {
    private let first: any VectorOperator
    private let second: any VectorOperator

    init(_ first: any VectorOperator, _ second: any VectorOperator) {
        self.first = first
        self.second = second
    }

    var count: Int { first.count + second.count }
    var cost: Int { max(first.cost, second.cost) }

    func labels(_ index: Int) -> Labels {
        index < first.count ? first.labels(index) : second.labels(index - first.count)
    }

    func dropsName(_ index: Int) -> Bool {
        index < first.count ? first.dropsName(index) : second.dropsName(index - first.count)
    }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        index < first.count
            ? try first.fill(index, column, worker) : try second.fill(index - first.count, column, worker)
    }
}
