import Model

extension Planner {
    /// A function call of type instant vector.
    func call(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let name = call.function.name
        if let function = RangeFunction(rawValue: name) { return try rangeCall(function, call, grid) }
        if let function = ElementFunction(rawValue: name) {
            return elementwise(try vector(call.arguments[0], grid, consumer: name), .function(function), grid)
        }
        if let part = DateFunction(rawValue: name) {
            guard let argument = call.arguments.first else {
                let now = try ScalarColumn(steps: grid.count, context) { part.value(Double(grid.time($0)) / 1000) }
                return try constant(now, grid)
            }
            return elementwise(try vector(argument, grid, consumer: name), .date(part), grid)
        }
        if name.hasPrefix("histogram_") { return try histogramCall(call, grid) }
        return try namedCall(call, grid)
    }

    private func namedCall(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let arguments = call.arguments
        switch call.function.name {
        case "vector": return try constant(try scalar(arguments[0], grid), grid)
        case "timestamp": return try timestamp(arguments[0], grid)
        case "absent":
            let operand = try vector(arguments[0], grid, consumer: "absent")
            return try absent(operand, grid, labels: absenceLabels(arguments[0]), context)
        case "absent_over_time":
            let input = try range(arguments[0], grid, consumer: "absent_over_time")
            let labels = absenceLabels(arguments[0])
            return try absentOverTime(input.source, input.windows, labels: labels, isCounted: isCounted, context)
        case "clamp", "clamp_min", "clamp_max", "round": return try clampOrRound(call, grid)
        case "label_replace": return try labelReplace(call, grid)
        case "label_join": return try labelJoin(call, grid)
        case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc": return try sort(call, grid)
        case "info": return try info(call, grid)
        case "start_timestamp": return try startTimestamp(arguments[0], grid)
        default: throw .execution("unknown function with name \(quoted(call.function.name))")
        }
    }

    private func rangeCall(_ function: RangeFunction, _ call: CallExpr, _ grid: StepGrid) throws(QueryError)
        -> any VectorOperator
    {
        // The range is the first argument but of `quantile_over_time`.
        let rangeIndex = call.arguments.firstIndex { $0.type == .matrix } ?? 0
        let argument = call.arguments[rangeIndex]
        var parameters: [ScalarColumn] = []
        for (index, parameter) in call.arguments.enumerated() where index != rangeIndex {
            parameters.append(try scalar(parameter, grid))
        }
        let input = try range(argument, grid, consumer: function.rawValue)
        let rangeCall = RangeCall(
            function: function, windows: input.windows, rangeExtension: input.rangeExtension, parameters: parameters,
            context: context)
        // A subquery's samples have no place of their own in the query, and Prometheus names its beginning.
        // Of `quantile_over_time` it names the first argument, which is the quantile.
        var place = (rangeIndex == 0 ? argument.unwrapped : call.arguments[0]).range
        var isOneMetric = false
        switch argument.unwrapped {
        case .subquery: place = SourceRange(0, 0)
        case .matrixSelector(let matrix): isOneMetric = matrix.selector.matchers.contains(where: \.namesOneMetric)
        default: break
        }
        return RangeFunctionOperator(
            input.source, rangeCall, argumentRange: place, parameterRange: call.arguments[0].range,
            isOneMetric: isOneMetric, isCounted: isCounted, context)
    }

    /// Warns of each quantile that is none.
    func warnOfQuantiles(_ quantile: ScalarColumn, at range: SourceRange) {
        for value in quantile.elements where !(value >= 0 && value <= 1) {
            context.warnOfQuantile(value, at: range)
        }
    }

    /// A vector of one series without labels.
    func constant(_ values: ScalarColumn, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let block = try ColumnBlock(rows: 1, steps: grid.count, context)
        block.row(0).update(from: values.values, count: grid.count)
        return Materialized([OutputSeries(labels: .empty)], block)
    }

    /// The samples' own times for a selector, the times of evaluation for anything else.
    private func timestamp(_ argument: Expr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        if case .vectorSelector(let selector) = argument.unwrapped {
            return try self.selector(selector, grid, output: .timestamp, consumer: "timestamp")
        }
        return elementwise(try vector(argument, grid, consumer: "timestamp"), .evaluationTime(grid), grid)
    }

    /// Since when samples count that a selector selects; of anything else nothing is known.
    private func startTimestamp(_ argument: Expr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        guard case .vectorSelector(let selector) = argument.unwrapped else { return EmptyVector() }
        return try self.selector(selector, grid, output: .startTimestamp, consumer: "start_timestamp")
    }

    private func clampOrRound(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let operand = try vector(call.arguments[0], grid, consumer: call.function.name)
        var parameters: [ScalarColumn] = []
        for argument in call.arguments.dropFirst() { parameters.append(try scalar(argument, grid)) }
        if parameters.isEmpty { parameters.append(try ScalarColumn(1, steps: grid.count, context)) }
        let stage: ElementStage =
            switch call.function.name {
            case "clamp": .clamp(min: parameters[0], max: parameters[1])
            case "clamp_min": .clampMin(parameters[0])
            case "clamp_max": .clampMax(parameters[0])
            default: .round(toNearest: parameters[0])
            }
        return elementwise(operand, stage, grid)
    }

    /// The labels that a missing series surely would have: those of which a selector gives one value.
    private func absenceLabels(_ argument: Expr) -> Labels {
        let matchers: [Matcher]
        switch argument.unwrapped {
        case .vectorSelector(let selector): matchers = selector.matchers
        case .matrixSelector(let matrix): matchers = matrix.selector.matchers
        default: return .empty
        }
        var builder = LabelsBuilder()
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricNameLabel {
            if matcher.op == .equal, seen.insert(matcher.name).inserted {
                builder.set(matcher.name, matcher.value)
            } else {
                builder.remove(matcher.name)
            }
        }
        return builder.labels()
    }
}

extension Matcher {
    fileprivate var namesOneMetric: Bool { name == Labels.metricNameLabel && op == .equal && !value.isEmpty }
}
