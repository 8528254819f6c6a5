import Model

extension Planner {
    /// An aggregation of an instant vector.
    func aggregation(_ aggregate: AggregateExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let input = try vector(aggregate.operand, grid, consumer: aggregate.op.rawValue)
        let remarks = AggregationRemarks(context: context, range: aggregate.operand.range)
        var parameter: ScalarColumn?
        if aggregate.op.parameterType == .scalar, let expr = aggregate.parameter { parameter = try scalar(expr, grid) }
        switch aggregate.op {
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar:
            return try streamedAggregation(aggregate.op, input, Grouping(input, aggregate.selection), grid, remarks)
        case .quantile:
            guard let parameter, let expr = aggregate.parameter else { return EmptyVector() }
            warnOfQuantile(parameter, at: expr.range)
            return try quantileAggregation(parameter, input, Grouping(input, aggregate.selection), grid, remarks)
        case .countValues:
            guard let expr = aggregate.parameter else { return EmptyVector() }
            let label = try labelName(expr)
            return try countValues(label, input, aggregate, grid, context)
        case .topk, .bottomk, .limitk, .limitRatio:
            guard let parameter else { return EmptyVector() }
            return try selectingAggregation(aggregate, parameter, input, grid)
        }
    }

    private func selectingAggregation(
        _ aggregate: AggregateExpr, _ parameter: ScalarColumn, _ input: any VectorOperator, _ grid: StepGrid
    ) throws(QueryError) -> any VectorOperator {
        if aggregate.op == .limitRatio {
            let ratios = try checkedRatios(parameter, at: (aggregate.parameter ?? aggregate.operand).range)
            return try limitRatio(ratios, input, grid, context)
        }
        let counts = try checkedCounts(parameter)
        guard counts.contains(where: { $0 > 0 }) else { return EmptyVector() }
        let grouping = Grouping(input, aggregate.selection)
        if aggregate.op == .limitk { return try limitK(counts, input, grouping, grid, context) }
        // Here Prometheus names the aggregation's place rather than its operand's.
        let remarks = AggregationRemarks(context: context, range: aggregate.range)
        return try rank(aggregate.op, counts, input, grouping, grid, remarks)
    }

    /// How many series `topk` and its like shall keep at each step; below one is none.
    private func checkedCounts(_ parameter: ScalarColumn) throws(QueryError) -> [Int] {
        var counts: [Int] = []
        counts.reserveCapacity(parameter.steps)
        for value in parameter.elements {
            if value.isNaN { throw .execution("Parameter value is NaN") }
            if value <= -9.223372036854776e18 {
                throw .execution("Scalar value \(formatFloat(value, .general)) underflows int64")
            }
            if value >= 9.223372036854776e18 {
                throw .execution("Scalar value \(formatFloat(value, .general)) overflows int64")
            }
            counts.append(max(0, Int(value)))
        }
        return counts
    }

    private func checkedRatios(_ parameter: ScalarColumn, at range: SourceRange) throws(QueryError) -> [Double] {
        var ratios: [Double] = []
        ratios.reserveCapacity(parameter.steps)
        for value in parameter.elements {
            if value.isNaN { throw .execution("Ratio value is NaN") }
            let capped = min(max(value, -1), 1)
            if capped != value {
                let text = "ratio value should be between -1 and 1, got \(formatFloat(value, .general))"
                context.warn("\(text), capping to \(formatFloat(capped, .general))", at: range)
            }
            ratios.append(capped)
        }
        return ratios
    }
}

extension AggregateExpr {
    var selection: LabelSelection { isWithout ? .without(grouping) : .only(grouping) }
}

/// Whether a label may be called so: anything but nothing, and nothing that was no UTF-8.
func isValidLabelName(_ name: String) -> Bool {
    !name.isEmpty && !name.unicodeScalars.contains("\u{fffd}")
}
