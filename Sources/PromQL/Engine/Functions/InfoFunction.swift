import Model

/// `info(v, {matchers})`: the series of `v` with the labels of their targets' info metrics, such as `target_info`.
///
/// 1. Info series are those with the wanted names and data labels, read at the times at which `v` reads its samples.
/// 2. A sample of `v` and an info series belong together where both have the same `instance` and `job`. Of several
///    series of one info metric the one with the newest sample counts.
/// 3. Labels that the sample has already stay; two info metrics must not disagree on a label.
///
/// - Source: Prometheus 3.14 `promql/info.go`: behaviour.
struct InfoFunction {
    private static let identifyingLabels = ["instance", "job"]

    private let base: Materialized
    private let infos: Materialized
    private let nameMatchers: [Matcher]
    private let dataMatchers: [Matcher]
    private let steps: Int
    private let context: QueryContext

    /// - Parameter infos: per series of the info metrics, the time of its newest sample at each step.
    init(
        base: Materialized, infos: Materialized, names: [Matcher], data: [Matcher], _ grid: StepGrid,
        _ context: QueryContext
    ) {
        self.base = base
        self.infos = infos
        nameMatchers = names
        dataMatchers = data
        steps = grid.count
        self.context = context
    }

    func result() throws(QueryError) -> any VectorOperator {
        let byTarget = infosByTarget()
        var table = LabelTable()
        var series: [OutputSeries] = []
        var columns: [ColumnBlock] = []
        for index in 0..<base.count {
            try context.check()
            let one = base.series[index]
            let candidates = isInfo(one.labels) ? nil : byTarget[InfoFunction.target(one.labels)]
            var last: (infos: [Int], row: Int?)?
            for k in base.block.presentSteps(row: index) {
                let chosen = try newest(candidates ?? [], k)
                if last?.infos != chosen {
                    guard let labels = try enriched(one.labels, chosen) else {
                        last = (chosen, nil)
                        continue
                    }
                    let row = table.index(of: labels)
                    if row == columns.count {
                        columns.append(try ColumnBlock(rows: 1, steps: steps, context))
                        columns[row].clear()
                        series.append(OutputSeries(labels: labels, dropsName: one.dropsName))
                    }
                    last = (chosen, row)
                }
                guard let row = last?.row else { continue }
                if columns[row].hasSample(row: 0, step: k) { throw duplicateSeriesError }
                columns[row].row(0)[k] = base.block.row(index)[k]
                if let histogram = base.block.histograms(index).at(k) {
                    try columns[row].put(histogram, row: 0, step: k)
                }
            }
        }
        let block = try ColumnBlock(rows: columns.count, steps: steps, context)
        for (row, column) in columns.enumerated() { try block.copy(column, row: 0, toRow: row) }
        return Materialized(series, block)
    }

    private static func target(_ labels: Labels) -> Labels { labels.keeping(identifyingLabels) }

    /// Info series by their identifying labels; those without any belong to nothing.
    ///
    /// An identifying label that any series of `v` has is one that all info series must have: Prometheus looks for them
    /// with one selector.
    private func infosByTarget() -> [Labels: [Int]] {
        let wanted = InfoFunction.identifyingLabels.filter { name in
            (0..<base.count).contains { index in
                let labels = base.series[index].labels
                return labels[name] != nil && !isInfo(labels) && !base.block.presentSteps(row: index).isEmpty
            }
        }
        var result: [Labels: [Int]] = [:]
        for index in 0..<infos.count {
            let target = InfoFunction.target(infos.series[index].labels)
            guard !target.isEmpty, wanted.allSatisfy({ target[$0] != nil }) else { continue }
            result[target, default: []].append(index)
        }
        return result
    }

    /// Whether a series is one of the info metrics itself, and stays as it is.
    private func isInfo(_ labels: Labels) -> Bool {
        let name = labels.metricName ?? ""
        return nameMatchers.allSatisfy { $0.matches(name) }
    }

    /// Of each info metric the series with the newest sample at a step.
    private func newest(_ candidates: [Int], _ k: Int) throws(QueryError) -> [Int] {
        var chosen: [Int] = []
        for index in candidates {
            let time = infos.block.row(index)[k]
            if isAbsent(time) { continue }
            let labels = infos.series[index].labels
            let name = labels.metricName
            guard let place = chosen.firstIndex(where: { infos.series[$0].labels.metricName == name }) else {
                chosen.append(index)
                continue
            }
            let rival = infos.block.row(chosen[place])[k]
            if time == rival {
                let existing = bracedText(infos.series[chosen[place]].labels)
                let milliseconds = formatFloat((time * 1000).rounded())
                throw .execution(
                    "found duplicate series for info metric: existing \(existing) @ \(milliseconds), "
                        + "new \(bracedText(labels)) @ \(milliseconds)")
            }
            if time > rival { chosen[place] = index }
        }
        return chosen
    }

    /// `labels` with the data labels of the chosen info series; nil where labels are wanted that there are none of.
    private func enriched(_ labels: Labels, _ chosen: [Int]) throws(QueryError) -> Labels? {
        if isInfo(labels) { return labels }
        if chosen.isEmpty { return dataMatchers.allSatisfy(\.matchesEmpty) ? labels : nil }
        var builder = LabelsBuilder(labels)
        var added: [String: String] = [:]
        for index in chosen {
            for label in infos.series[index].labels where isWanted(label.name) {
                if let other = added[label.name], other != label.value {
                    throw .execution("conflicting label: \(label.name)")
                }
                added[label.name] = label.value
                if labels[label.name] == nil { builder.set(label.name, label.value) }
            }
        }
        return builder.labels()
    }

    private func isWanted(_ name: String) -> Bool {
        if MetadataLabels.names.contains(name) || InfoFunction.identifyingLabels.contains(name) { return false }
        return dataMatchers.isEmpty || dataMatchers.contains { $0.name == name }
    }
}

extension Planner {
    func info(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let base = try Materialized.of(try vector(call.arguments[0], grid, consumer: "info"), grid, context)
        var given: [Matcher] = []
        if call.arguments.count > 1, case .vectorSelector(let selector) = call.arguments[1].unwrapped {
            given = selector.matchers
        }
        var names = given.filter { $0.name == Labels.metricNameLabel }
        let data = given.filter { $0.name != Labels.metricNameLabel }
        if names.isEmpty {
            names = [Matcher(Labels.metricNameLabel, equals: "target_info")]
        } else if names.allSatisfy({ $0.op == .notEqual || $0.op == .notMatches }) {
            // Names that are only ruled out leave those that look like info metrics.
            if let pattern = try? Matcher(Labels.metricNameLabel, .matches, ".+_info") { names.append(pattern) }
        }
        let times = call.arguments[0].timeShift
        let selector = VectorSelector(
            name: nil, matchers: names + data, offsetMs: times.offsetMs, at: times.at, rangeExtension: nil,
            range: call.range)
        let infos = try vectorOfTimes(selector, grid)
        return try InfoFunction(base: base, infos: infos, names: names, data: data, grid, context).result()
    }

    private func vectorOfTimes(_ selector: VectorSelector, _ grid: StepGrid) throws(QueryError) -> Materialized {
        guard selector.at != nil, grid.count > 1 else {
            return try Materialized.of(
                try self.selector(selector, grid, output: .infoTimestamp, consumer: "info"), grid, context)
        }
        let single = try self.selector(
            selector, StepGrid(instant: grid.start), output: .infoTimestamp, consumer: "info")
        return try Materialized.of(Repeated(single, steps: grid.count), grid, context)
    }
}

extension Expr {
    /// The `offset` and `@` of the outermost selector or subquery.
    fileprivate var timeShift: (offsetMs: Int64, at: AtModifier?) {
        switch self {
        case .number, .duration, .string: (0, nil)
        case .paren(let inner, _): inner.timeShift
        case .unary(let e): e.operand.timeShift
        case .binary(let e): e.lhs.type == .scalar ? e.rhs.timeShift : e.lhs.timeShift
        case .aggregate(let e): e.operand.timeShift
        case .call(let e): e.arguments.first { $0.type == .vector || $0.type == .matrix }?.timeShift ?? (0, nil)
        case .vectorSelector(let e): (e.offsetMs, e.at)
        case .matrixSelector(let e): (e.selector.offsetMs, e.selector.at)
        case .subquery(let e): (e.offsetMs, e.at)
        }
    }
}
