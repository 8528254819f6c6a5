/// A scalar expression's value at every step, counted against the query's budget.
final class ScalarColumn: @unchecked Sendable {
    // SAFETY: `values` holds `steps` initialised doubles, is written only in `init`, and freed in `deinit`.
    let values: Column
    let steps: Int
    /// Whether all values are the same.
    let isConstant: Bool
    private let context: QueryContext

    /// - Throws: where the query's budget does not allow for it.
    init(_ constant: Double, steps: Int, _ context: QueryContext) throws(QueryError) {
        try context.hold(steps)
        self.context = context
        values = .allocate(capacity: max(steps, 1))
        values.initialize(repeating: constant, count: max(steps, 1))
        self.steps = steps
        isConstant = true
    }

    /// - Throws: where the query's budget does not allow for it.
    init(steps: Int, _ context: QueryContext, _ body: (Int) -> Double) throws(QueryError) {
        try context.hold(steps)
        self.context = context
        values = .allocate(capacity: max(steps, 1))
        for k in 0..<steps { (values + k).initialize(to: body(k)) }
        self.steps = steps
        isConstant = steps == 1
    }

    deinit {
        context.release(steps)
        values.deallocate()
    }

    subscript(_ step: Int) -> Double { values[step] }

    var elements: UnsafeBufferPointer<Double> { UnsafeBufferPointer(start: values, count: steps) }
}
