import Model

extension Planner {
    /// `label_replace(v, destination, replacement, source, expression)`.
    func labelReplace(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let destination = try string(call.arguments[1])
        let replacement = try string(call.arguments[2])
        let source = try string(call.arguments[3])
        let expression = try compiled(try string(call.arguments[4]))
        guard isValidLabelName(destination) else {
            throw .execution("invalid destination label name in label_replace(): \(destination)")
        }
        let input = try vector(call.arguments[0], grid, consumer: "label_replace")
        // Few values occur in many series.
        var expanded: [String: String?] = [:]
        var series = input.outputSeries
        for index in series.indices {
            let value = series[index].labels[source] ?? ""
            if expanded[value] == nil { expanded[value] = .some(expression.expand(replacement, matching: value)) }
            guard case .some(.some(let new)) = expanded[value] else { continue }
            set(destination, new, &series[index])
        }
        return try Relabeled.of(input, series, grid, context)
    }

    /// `label_join(v, destination, separator, source, …)`.
    func labelJoin(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let destination = try string(call.arguments[1])
        let separator = try string(call.arguments[2])
        var sources: [String] = []
        for argument in call.arguments.dropFirst(3) {
            let source = try string(argument)
            guard isValidLabelName(source) else {
                throw .execution("invalid source label name in label_join(): \(source)")
            }
            sources.append(source)
        }
        guard isValidLabelName(destination) else {
            throw .execution("invalid destination label name in label_join(): \(destination)")
        }
        let input = try vector(call.arguments[0], grid, consumer: "label_join")
        var series = input.outputSeries
        for index in series.indices {
            let labels = series[index].labels
            set(destination, sources.map { labels[$0] ?? "" }.joined(separator: separator), &series[index])
        }
        return try Relabeled.of(input, series, grid, context)
    }

    private func set(_ name: String, _ value: String, _ series: inout OutputSeries) {
        var builder = LabelsBuilder(series.labels)
        builder.set(name, value)
        series.labels = builder.labels()
        // A name that the query sets itself is meant to be seen.
        if name == Labels.metricNameLabel { series.dropsName = false }
    }

    private func compiled(_ pattern: String) throws(QueryError) -> RegularExpression {
        do throws(RegularExpression.SyntaxError) {
            return try RegularExpression(pattern)
        } catch {
            throw .execution("invalid regular expression in label_replace(): \(pattern)")
        }
    }
}
