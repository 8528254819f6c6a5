/// A scalar expression's value at every step.
final class ScalarColumn: @unchecked Sendable {
    // SAFETY: `values` holds `steps` initialised doubles, is written only in `init`, and freed in `deinit`.
    let values: Column
    let steps: Int
    /// Whether all values are the same.
    let isConstant: Bool

    init(_ constant: Double, steps: Int) {
        values = .allocate(capacity: max(steps, 1))
        values.initialize(repeating: constant, count: max(steps, 1))
        self.steps = steps
        isConstant = true
    }

    init(steps: Int, _ body: (Int) -> Double) {
        values = .allocate(capacity: max(steps, 1))
        for k in 0..<steps { (values + k).initialize(to: body(k)) }
        self.steps = steps
        isConstant = steps == 1
    }

    deinit { values.deallocate() }

    subscript(_ step: Int) -> Double { values[step] }

    var elements: UnsafeBufferPointer<Double> { UnsafeBufferPointer(start: values, count: steps) }
}
