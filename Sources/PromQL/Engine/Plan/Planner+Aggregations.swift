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
            warnOfExtremes(parameter, at: expr.unwrapped.range)
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

    /// Warns about the lowest quantile below 0, the highest above 1, and NaN.
    private func warnOfExtremes(_ quantile: ScalarColumn, at range: SourceRange) {
        let numbers = quantile.elements.filter { !$0.isNaN }
        if numbers.count < quantile.steps { context.warnOfQuantile(.nan, at: range) }
        if let lowest = numbers.min(), lowest < 0 { context.warnOfQuantile(lowest, at: range) }
        if let highest = numbers.max(), highest > 1 { context.warnOfQuantile(highest, at: range) }
    }

    private func selectingAggregation(
        _ aggregate: AggregateExpr, _ parameter: ScalarColumn, _ input: any VectorOperator, _ grid: StepGrid
    ) throws(QueryError) -> any VectorOperator {
        if aggregate.op == .limitRatio {
            let ratios = try checkedRatios(parameter, at: (aggregate.parameter ?? aggregate.operand).unwrapped.range)
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
        if parameter.elements.contains(where: \.isNaN) { throw .execution("Parameter value is NaN") }
        // However far below one, nothing is kept.
        guard let (min, max) = parameter.extremes, max >= 1 else { return [] }
        if min <= -9.223372036854776e18 {
            throw .execution("Scalar value \(formatFloat(min, .general)) underflows int64")
        }
        if max >= 9.223372036854776e18 {
            throw .execution("Scalar value \(formatFloat(max, .general)) overflows int64")
        }
        return parameter.elements.map { Swift.max(0, Int($0)) }
    }

    private func checkedRatios(_ parameter: ScalarColumn, at range: SourceRange) throws(QueryError) -> [Double] {
        if parameter.elements.contains(where: \.isNaN) { throw .execution("Ratio value is NaN") }
        if let (min, max) = parameter.extremes {
            if max > 1 { warnOfRatio(max, cappedTo: "1", at: range) }
            if min < -1 { warnOfRatio(min, cappedTo: "-1", at: range) }
        }
        return parameter.elements.map { Swift.min(Swift.max($0, -1), 1) }
    }

    private func warnOfRatio(_ ratio: Double, cappedTo cap: String, at range: SourceRange) {
        let text = "ratio value should be between -1 and 1, got \(formatFloat(ratio, .general))"
        context.warn("\(text), capping to \(cap)", at: range)
    }
}

extension ScalarColumn {
    /// The smallest and the largest value but NaN; nil where there is none.
    fileprivate var extremes: (min: Double, max: Double)? {
        let numbers = elements.filter { !$0.isNaN }
        guard let min = numbers.min(), let max = numbers.max() else { return nil }
        return (min, max)
    }
}

extension AggregateExpr {
    var selection: LabelSelection { isWithout ? .without(grouping) : .only(grouping) }
}

/// Whether a label may be called so: anything but nothing, and nothing that was no UTF-8.
func isValidLabelName(_ name: String) -> Bool {
    !name.isEmpty && !name.unicodeScalars.contains("\u{fffd}")
}
