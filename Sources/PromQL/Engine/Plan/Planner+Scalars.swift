import Model

extension Planner {
    /// The values of an expression of type scalar.
    func scalar(_ expr: Expr, _ grid: StepGrid) throws(QueryError) -> ScalarColumn {
        if grid.count > 1, expr.isStepInvariant {
            let single = try context.counting(times: grid.count) { () throws(QueryError) in
                try scalar(expr, StepGrid(instant: grid.start))
            }
            return try ScalarColumn(single[0], steps: grid.count, context)
        }
        switch expr {
        case .number(let value, _), .duration(let value, _): return try ScalarColumn(value, steps: grid.count, context)
        case .paren(let inner, _): return try scalar(inner, grid)
        case .unary(let e):
            let operand = try scalar(e.operand, grid)
            return e.isNegation ? try ScalarColumn(steps: grid.count, context) { -operand[$0] } : operand
        case .binary(let e):
            if e.op.isTrim {
                throw .execution("operator \(quoted(e.op.rawValue)) not allowed for Scalar operations")
            }
            let lhs = try scalar(e.lhs, grid)
            let rhs = try scalar(e.rhs, grid)
            return try ScalarColumn(steps: grid.count, context) { scalarResult(e.op, lhs[$0], rhs[$0]) }
        case .call(let e): return try scalarCall(e, grid)
        case .string, .aggregate, .vectorSelector, .matrixSelector, .subquery:
            throw .execution("expected a scalar, got \(expr.type.documented)")
        }
    }

    private func scalarCall(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> ScalarColumn {
        switch call.function.name {
        case "time": return try ScalarColumn(steps: grid.count, context) { Double(grid.time($0)) / 1000 }
        case "pi": return try ScalarColumn(.pi, steps: grid.count, context)
        case "scalar":
            guard let trace = context.trace else { return try onlyValue(try vector(call.arguments[0], grid), grid) }
            return try trace.node(.call(call), steps: grid.count) { (node) throws(QueryError) in
                node.series = 1
                return try onlyValue(try vector(call.arguments[0], grid), grid)
            }
        case "start": return try ScalarColumn(Double(context.start) / 1000, steps: grid.count, context)
        case "end": return try ScalarColumn(Double(context.end) / 1000, steps: grid.count, context)
        case "range": return try ScalarColumn(Double(context.end &- context.start) / 1000, steps: grid.count, context)
        case "step": return try ScalarColumn(Double(context.step) / 1000, steps: grid.count, context)
        case "min_of", "max_of": return try extreme(call, grid)
        default: throw .execution("unknown function \(call.function.name)")
        }
    }

    private func extreme(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> ScalarColumn {
        let isMin = call.function.name == "min_of"
        let a = try scalar(call.arguments[0], grid)
        let b = try scalar(call.arguments[1], grid)
        return try ScalarColumn(steps: grid.count, context) { k in
            if a[k].isNaN || b[k].isNaN { return .ordinaryNaN }
            // Of zeros the negative one is the smaller.
            if a[k] == b[k] { return (a[k].sign == .minus) == isMin ? a[k] : b[k] }
            return isMin ? min(a[k], b[k]) : max(a[k], b[k])
        }
    }

    /// `scalar()`: the value of a step's only sample, NaN where there is none or more than one.
    private func onlyValue(_ vector: any VectorOperator, _ grid: StepGrid) throws(QueryError) -> ScalarColumn {
        let worker = Worker(context)
        let column = try worker.takeColumn(grid.count)
        let only = try worker.takeColumn(grid.count)
        only.update(repeating: absentValue, count: grid.count)
        for index in 0..<vector.count {
            try context.check()
            _ = try vector.fill(index, column, worker)
            for k in 0..<grid.count where isPresent(column[k]) {
                only[k] = isAbsent(only[k]) ? column[k] : .ordinaryNaN
            }
        }
        defer {
            worker.giveBack(column)
            worker.giveBack(only)
        }
        return try ScalarColumn(steps: grid.count, context) { isAbsent(only[$0]) ? .ordinaryNaN : only[$0] }
    }
}
