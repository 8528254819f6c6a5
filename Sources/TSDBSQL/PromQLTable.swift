import CSQLiteHost
import Model
import PromQL

/// The table-valued function `promql(query, start, end, step)`: a row per series and evaluation time of the answer.
final class PromQLTable: Table {
    static let arguments = ["query", "start", "end", "step"]

    init(source: Source, labels: LabelColumns) {
        let labelText = labels.columns.map { ", \(identifier($0)) TEXT" }.joined()
        let visible: [Column] =
            [.time(.seconds), .time(.text), .metric, .value] + labels.labels.indices.map { .label($0) }
        let hidden: [Column] =
            PromQLTable.arguments.indices.map { .own($0) } + [.time(.milliseconds), .series, .labels]
        super.init(
            source: source, labels: labels, columns: visible + hidden,
            declaration: """
                CREATE TABLE x (ts REAL, time TEXT, metric TEXT, value REAL\(labelText), query HIDDEN, start HIDDEN,
                    "end" HIDDEN, step HIDDEN, ms INTEGER HIDDEN, series INTEGER HIDDEN, labels TEXT HIDDEN)
                """)
    }

    override func planScan(_ info: inout sqlite3_index_info) throws -> Int32 {
        var plan = Plan()
        for index in 0..<Int(info.nConstraint) {
            let constraint = info.aConstraint[index]
            guard columns.indices.contains(Int(constraint.iColumn)), case .own = columns[Int(constraint.iColumn)],
                let op = Operator(constraint.op, for: columns[Int(constraint.iColumn)])
            else { continue }
            // Without the value there is nothing to evaluate: the tables that it comes from have to be read first.
            if constraint.usable == 0 { return SQLITE_CONSTRAINT }
            plan.terms.append(Plan.Term(column: columns[Int(constraint.iColumn)], op: op))
            info.aConstraintUsage[index].argvIndex = Int32(plan.terms.count)
            info.aConstraintUsage[index].omit = 1
        }
        guard plan.terms.contains(where: { $0.column == .own(0) }) else {
            throw SQLError("promql needs a query: SELECT * FROM promql('up', unixepoch() - 3600, unixepoch(), 60)")
        }
        info.estimatedCost = 100_000
        info.estimatedRows = 1000
        info.idxNum = number(of: plan)
        return SQLITE_OK
    }

    override func makeCursor() throws -> Cursor { try PromQLCursor(self) }
}

final class PromQLCursor: ListCursor {
    private let table: PromQLTable
    private var arguments: [SQLValue] = []
    private var answer: [MatrixSeries] = []
    /// The place of the row.
    private var series = 0
    private var point = 0

    init(_ table: PromQLTable) throws {
        self.table = table
        try super.init(table.source)
    }

    override func filter(_ plan: Plan, _ values: [HostValue], _ row: UnsafeMutablePointer<host_cursor>) throws {
        arguments = [SQLValue](repeating: .null, count: PromQLTable.arguments.count)
        for (term, value) in zip(plan.terms, values) {
            if case .own(let index) = term.column { arguments[index] = value.value }
        }
        answer = try PromQLCall(arguments, now: SystemClock().nowMs()).evaluate(snapshot).filter { !$0.values.isEmpty }
        (series, point) = (0, 0)
        filter(row, count: answer.reduce(0) { $0 + $1.values.count })
    }

    override func next(_ row: UnsafeMutablePointer<host_cursor>) throws {
        try super.next(row)
        point += 1
        if point == answer[series].values.count { (series, point) = (series + 1, 0) }
    }

    override func give(_ column: Int, _ row: UnsafeMutablePointer<host_cursor>, to context: OpaquePointer?) throws {
        let current = answer[series]
        switch table.columns[column] {
        case .time(.seconds): host_result_double(context, seconds(current.timestamps[point]))
        case .time(.milliseconds): host_result_int64(context, current.timestamps[point])
        case .time(.text): giveTime(current.timestamps[point], to: context)
        case .metric: SQLValue.text(current.labels.metricName).give(to: context)
        case .value: host_result_double(context, current.values[point])
        case .label(let index): SQLValue.text(current.labels[table.labels.labels[index]]).give(to: context)
        case .series: host_result_int64(context, seriesNumber(current.labels))
        case .labels: giveJSON(labelsJSON(current.labels), to: context)
        case .own(let index): arguments[index].give(to: context)
        case .histogram, .stale: host_result_null(context)
        }
    }
}
