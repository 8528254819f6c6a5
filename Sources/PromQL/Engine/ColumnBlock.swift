import Model

/// The columns of several series in one piece of memory, counted against the query's budget.
final class ColumnBlock: @unchecked Sendable {
    // SAFETY: `base` holds rows × steps doubles, and `histogramBase` rows initialised elements; both are owned by this
    // object and freed in `deinit`. Threads that fill a block write to rows of their own, and it is read only after they
    // have finished.
    private let base: Column
    private let histogramBase: UnsafeMutablePointer<HistogramColumn>
    let rows: Int
    let steps: Int
    private let context: QueryContext

    /// - Throws: ``QueryError/execution(_:)`` where the budget does not allow for it.
    init(rows: Int, steps: Int, _ context: QueryContext) throws(QueryError) {
        let cells = rows.multipliedClamped(by: steps)
        try context.hold(cells)
        self.rows = rows
        self.steps = steps
        self.context = context
        base = .allocate(capacity: max(cells, 1))
        histogramBase = .allocate(capacity: max(rows, 1))
        histogramBase.initialize(repeating: [], count: rows)
    }

    deinit {
        var held = rows * steps
        for row in 0..<rows where !histogramBase[row].isEmpty { held += histogramBase[row].heldSamples }
        context.release(held)
        base.deallocate()
        histogramBase.deinitialize(count: rows)
        histogramBase.deallocate()
    }

    @inline(__always)
    func row(_ index: Int) -> Column { base + index &* steps }

    func histograms(_ row: Int) -> HistogramColumn { histogramBase[row] }

    /// Makes `histograms` those of a row.
    func setHistograms(_ histograms: HistogramColumn, row: Int) throws(QueryError) {
        if histograms.isEmpty, histogramBase[row].isEmpty { return }
        context.release(histogramBase[row].heldSamples)
        histogramBase[row] = histograms
        try context.hold(histograms.heldSamples)
    }

    /// Adds a histogram to a row.
    func put(_ histogram: Histogram, row: Int, step: Int) throws(QueryError) {
        histogramBase[row].put(histogram, at: step)
        try context.hold(histogram.heldSamples)
    }

    /// Whether a row has a sample of either kind at a step.
    func hasSample(row: Int, step: Int) -> Bool {
        isPresent(self.row(row)[step]) || !histogramBase[row].isEmpty && histogramBase[row].at(step) != nil
    }

    /// What a row has at a step; nil for nothing.
    func sample(row: Int, step: Int) -> SampleValue? {
        let value = self.row(row)[step]
        if isPresent(value) { return .float(value) }
        return histogramBase[row].isEmpty ? nil : histogramBase[row].at(step).map { .histogram($0) }
    }

    /// The steps, ascending, at which a row has a sample of either kind.
    func presentSteps(row: Int) -> [Int] {
        let column = self.row(row)
        let histograms = histogramBase[row]
        var result: [Int] = []
        var next = 0
        for k in 0..<steps {
            while next < histograms.count, histograms[next].step < k { next += 1 }
            if isPresent(column[k]) || next < histograms.count && histograms[next].step == k { result.append(k) }
        }
        return result
    }

    /// Makes every value absent.
    func clear() { base.initialize(repeating: absentValue, count: rows * steps) }

    /// Copies a row of another block into a row that has nothing yet.
    func copy(_ source: ColumnBlock, row from: Int, toRow to: Int) throws(QueryError) {
        row(to).update(from: source.row(from), count: steps)
        try setHistograms(source.histograms(from), row: to)
    }
}
