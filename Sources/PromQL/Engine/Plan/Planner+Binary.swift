extension Planner {
    /// A binary operator at least one side of which is an instant vector.
    func binary(_ binary: BinaryExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        var sides = self
        sides.totals = .unknown
        return try sides.sides(binary, grid)
    }

    private func sides(_ binary: BinaryExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        if binary.rhs.type == .scalar {
            let input = try vector(binary.lhs, grid)
            let stage = ElementStage.withRight(binary, try scalar(binary.rhs, grid))
            return ElementwiseOperator(input, stage, steps: grid.count, dropsName: binary.dropsName)
        }
        if binary.lhs.type == .scalar {
            let left = try scalar(binary.lhs, grid)
            let stage = ElementStage.withLeft(binary, left)
            let input = try vector(binary.rhs, grid)
            return ElementwiseOperator(input, stage, steps: grid.count, dropsName: binary.dropsName)
        }
        let lhs = try vector(binary.lhs, grid)
        let rhs = try vector(binary.rhs, grid)
        let matching = binary.matching ?? VectorMatching()
        switch binary.op {
        case .and: return try intersection(lhs, rhs, matching.selection, grid, context)
        case .unless: return try difference(lhs, rhs, matching.selection, grid, context)
        case .or: return try union(lhs, rhs, matching.selection, grid, context)
        default: return try VectorMatch(binary, matching, lhs, rhs, grid, context).operator()
        }
    }
}

extension BinaryExpr {
    /// Whether the result is no longer the metric that the left side was.
    var dropsName: Bool { !op.keepsName || returnsBool }
}

extension VectorMatching {
    /// The labels that paired series share.
    var selection: LabelSelection { isOn ? .only(labels) : .without(labels) }
}
