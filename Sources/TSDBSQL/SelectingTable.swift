import CSQLiteHost
import Model
import TSDB

/// A table of series or of their samples, which takes conditions on labels and times upon itself.
class SelectingTable: Table {
    /// What the database held when the table was made: the base of estimates.
    private let seriesCount: Double
    private let samplesCount: Double
    private let isOfSamples: Bool
    /// Distinct values by label name.
    private var valueCounts: [String: Double] = [:]

    init(
        source: Source, labels: LabelColumns, columns: [Column], declaration: String, isOfSamples: Bool,
        stats: DatabaseStats
    ) {
        seriesCount = Double(max(stats.series, 1))
        samplesCount = Double(max(Int(stats.blockSamples) + stats.journalReplayed, 1))
        self.isOfSamples = isOfSamples
        super.init(source: source, labels: labels, columns: columns, declaration: declaration)
    }

    override func planScan(_ info: inout sqlite3_index_info) throws -> Int32 {
        var plan = Plan()
        var texts: [String] = []
        // Which part of the series, and of their samples, the conditions leave.
        var share = 1.0
        var timeShare = 1.0
        for index in 0..<Int(info.nConstraint) {
            let constraint = info.aConstraint[index]
            guard columns.indices.contains(Int(constraint.iColumn)) else { continue }
            let column = columns[Int(constraint.iColumn)]
            // A condition on this column decides what rows there are, so that it must not come too late.
            if column == .stale, constraint.usable == 0 { return SQLITE_CONSTRAINT }
            guard constraint.usable != 0, let op = Operator(constraint.op, for: column),
                !op.compares || isText(column) == false || isBinary(&info, index)
            else { continue }
            let isList = op == .equal && isText(column) && host_is_list(&info, Int32(index))
            if isList { host_take_list(&info, Int32(index)) }
            plan.terms.append(Plan.Term(column: column, op: op, isList: isList))
            info.aConstraintUsage[index].argvIndex = Int32(plan.terms.count)
            info.aConstraintUsage[index].omit = omits(column, op, isList, &info, index) ? 1 : 0
            texts.append(name(column) + (isList ? " IN ?" : op.text))
            switch column {
            case .time: timeShare *= self.timeShare(op, isKnown: host_rhs_value(&info, Int32(index)) != nil)
            case .series: share = min(share, 1 / seriesCount)
            default: share *= try self.share(column, op, isList)
            }
        }
        takeOrder(&info, &plan, &texts)
        let series = max(1, seriesCount * share)
        let rows = isOfSamples ? samplesCount * share * timeShare : series
        // SQLite takes any table that was never analyzed for one of a million rows: samples are made out to cost much, so that
        // the tables that they are joined with are read first, and samples by what these say.
        info.estimatedCost = series + SelectingTable.rowCost * rows
        info.estimatedRows = max(1, Int64(rows))
        info.idxNum = number(of: plan)
        if !texts.isEmpty {
            info.idxStr = host_copy(texts.joined(separator: " "))
            info.needToFreeIdxStr = 1
        }
        return SQLITE_OK
    }

    /// Whether SQLite need not check the condition again: where the selection is exact.
    private func omits(
        _ column: Column, _ op: Operator, _ isList: Bool, _ info: inout sqlite3_index_info, _ index: Int
    ) -> Bool {
        switch column {
        case .time(.seconds), .time(.milliseconds): return true
        case .metric, .label:
            // A text in the statement itself is compared as text; what comes from elsewhere may be compared as a number.
            guard op == .equal, !isList, let value = host_rhs_value(&info, Int32(index)) else { return false }
            return host_value_type(value) == SQLITE_TEXT
        default: return false
        }
    }

    private func isText(_ column: Column) -> Bool {
        switch column {
        case .metric, .label: true
        default: false
        }
    }

    private func isBinary(_ info: inout sqlite3_index_info, _ index: Int) -> Bool {
        String(cString: host_collation(&info, Int32(index))) == "BINARY"
    }

    /// Which part of the samples a condition on their time leaves. A time that is not known yet comes from another table's row
    /// as a rule, and means a short while.
    private func timeShare(_ op: Operator, isKnown: Bool) -> Double {
        if op == .time(.equal) { return 1e-6 }
        return isKnown ? 0.25 : 1e-4
    }

    private static let rowCost = 1000.0

    private func share(_ column: Column, _ op: Operator, _ isList: Bool) throws -> Double {
        switch op {
        case .equal, .identical: min(1, (isList ? 4 : 1) / (try valueCount(labelName(column))))
        case .like, .glob: 0.2
        case .isNull: 0.3
        default: 0.9
        }
    }

    private func valueCount(_ name: String?) throws -> Double {
        guard let name else { return 1 }
        if let known = valueCounts[name] { return known }
        let snapshot = try source.acquire()
        defer { source.release() }
        let count = Double(max(1, try snapshot.labelValues(name).count))
        valueCounts[name] = count
        return count
    }

    private func labelName(_ column: Column) -> String? {
        switch column {
        case .metric: Labels.metricNameLabel
        case .label(let index): labels.labels[index]
        default: nil
        }
    }

    /// Takes the order of rows upon the table where it asks for series one after another, each by time.
    private func takeOrder(_ info: inout sqlite3_index_info, _ plan: inout Plan, _ texts: inout [String]) {
        var wanted = (0..<Int(info.nOrderBy)).map { info.aOrderBy[$0] }[...]
        if wanted.isEmpty || wanted.contains(where: { $0.desc != 0 || !columns.indices.contains(Int($0.iColumn)) }) {
            return
        }
        let hasOneSeries = plan.terms.contains { $0.column == .series }
        if columns[Int(wanted[0].iColumn)] == .series { wanted = wanted.dropFirst() } else if !hasOneSeries { return }
        if let next = wanted.first {
            // No two samples of a series have the same time, so that nothing after it matters.
            guard isOfSamples, case .time = columns[Int(next.iColumn)] else { return }
        }
        info.orderByConsumed = 1
        plan.isSortedBySeries = true
        texts.append("ORDERED")
    }

    private func name(_ column: Column) -> String {
        switch column {
        case .time(.seconds): "ts"
        case .time(.milliseconds): "ms"
        case .time(.text): "time"
        case .metric: "metric"
        case .label(let index): labels.columns[index]
        case .series: isOfSamples ? "series" : "id"
        case .stale: "stale"
        case .value, .labels, .histogram, .own: ""
        }
    }
}

/// The series that a selection has found, in the order in which they are to be read.
struct SelectedSeries {
    let querier: any Querier
    private let set: any SeriesSet
    private let order: [Int]

    init(_ selection: Selection, _ plan: Plan, _ snapshot: Snapshot) throws {
        var matchers = selection.matchers
        var wanted: [Labels]?
        if let number = selection.series?.first {
            let found = try snapshot.labels(of: number)
            wanted = found
            // Narrows the search; two sets of labels with one number are looked for among all.
            if found.count == 1 { matchers += found[0].map { Matcher($0.name, equals: $0.value) } }
        }
        querier = try snapshot.querier(selection.range)
        set = try querier.select(
            matchers, hints: SelectHints(minTime: selection.range.low, maxTime: selection.range.high))
        var order = Array(0..<set.count)
        if let wanted { order = order.filter { [set] in wanted.contains(set.labels($0)) } }
        if plan.isSortedBySeries {
            order = order.map { [set] in (seriesNumber(set.labels($0)), $0) }.sorted { $0 < $1 }.map(\.1)
        }
        self.order = order
    }

    var count: Int { order.count }

    func labels(_ index: Int) -> Labels { set.labels(order[index]) }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
        buffer.removeAll()
        try set.read(order[index], into: buffer)
    }
}
