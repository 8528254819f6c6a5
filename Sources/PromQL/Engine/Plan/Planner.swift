import Model

/// Makes operators of an expression's parts.
///
/// Making an operator runs what cannot be streamed (index look-ups, aggregations), innermost first, each over several
/// threads where that pays; what is left to its consumer to ask for is streamed series by series.
struct Planner {
    let context: QueryContext
    /// Whether what is read counts as queryable samples; what a subquery reads to make its own samples does not.
    var isCounted = true
    var totals = Totals.unknown

    /// Whether those around an expression look at no more of its histograms than at their counts and sums.
    enum Totals {
        case unknown
        case wanted
        /// Something looks at buckets.
        case refused
    }

    /// The planner for the argument of a function that looks at the buckets of histograms, or at their totals only.
    func lookingAtBuckets(_ looks: Bool) -> Planner {
        var planner = self
        if totals != .refused { planner.totals = looks ? .refused : .wanted }
        return planner
    }

    /// The operator for an expression of type instant vector.
    /// - Parameter consumer: the function right around the expression, as a hint to the store.
    func vector(_ expr: Expr, _ grid: StepGrid, consumer: String = "") throws(QueryError) -> any VectorOperator {
        try context.check()
        if grid.count > 1, expr.isStepInvariant {
            let single = try context.counting(times: grid.count) { () throws(QueryError) in
                try vector(expr, StepGrid(instant: grid.start), consumer: consumer)
            }
            return Repeated(single, steps: grid.count)
        }
        if case .paren(let inner, _) = expr { return try vector(inner, grid, consumer: consumer) }
        guard let trace = context.trace else { return try `operator`(expr, grid, consumer) }
        return try trace.node(expr, steps: grid.count) { (node) throws(QueryError) in
            TracedOperator.of(try `operator`(expr, grid, consumer), node)
        }
    }

    private func `operator`(_ expr: Expr, _ grid: StepGrid, _ consumer: String) throws(QueryError)
        -> any VectorOperator
    {
        switch expr {
        case .unary(let e): return try negation(e, grid)
        case .binary(let e): return try binary(e, grid)
        case .aggregate(let e): return try aggregation(e, grid)
        case .call(let e): return try call(e, grid)
        case .vectorSelector(let e): return try selector(e, grid, output: .value, consumer: consumer)
        case .number, .duration, .string, .paren, .matrixSelector, .subquery:
            throw .execution("expected an instant vector, got \(expr.type.documented)")
        }
    }

    private func negation(_ unary: UnaryExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let operand = try vector(unary.operand, grid)
        guard unary.isNegation else { return operand }
        return elementwise(operand, .function(.negate), grid)
    }

    /// `operand` with each value changed, no longer the metric that it was.
    func elementwise(_ operand: any VectorOperator, _ stage: ElementStage, _ grid: StepGrid) -> any VectorOperator {
        ElementwiseOperator(operand, stage, steps: grid.count, dropsName: true)
    }

    /// The text of an expression of type string that is to name a label.
    func labelName(_ expr: Expr) throws(QueryError) -> String {
        let name = try string(expr)
        if isValidLabelName(name) { return name }
        // Bytes that are no UTF-8 are lost but in the query itself.
        let range = expr.unwrapped.range
        let bytes = context.text.utf8.dropFirst(range.start).prefix(range.end - range.start)
        let isQuoted = bytes.count >= 2 && bytes.first == UInt8(ascii: "\"")
        throw .execution("invalid label name \(isQuoted ? String(decoding: bytes, as: UTF8.self) : quoted(name))")
    }

    /// The text of an expression of type string.
    func string(_ expr: Expr) throws(QueryError) -> String {
        guard case .string(let text, _) = expr.unwrapped else {
            throw .execution("expected a string, got \(expr.type.documented)")
        }
        return text
    }
}
