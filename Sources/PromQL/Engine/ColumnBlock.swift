/// The columns of several series in one piece of memory, counted against the query's budget.
final class ColumnBlock: @unchecked Sendable {
    // SAFETY: `base` holds rows × steps doubles, is owned by this object and freed in `deinit`. Threads that fill a
    // block write to rows of their own, and it is read only after they have finished.
    private let base: Column
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
    }

    deinit {
        context.release(rows * steps)
        base.deallocate()
    }

    @inline(__always)
    func row(_ index: Int) -> Column { base + index &* steps }

    /// Makes every value absent.
    func clear() { base.initialize(repeating: absentValue, count: rows * steps) }
}
