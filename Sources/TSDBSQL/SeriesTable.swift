import CSQLiteHost
import Model
import TSDB

/// The table `series`: a row per series.
final class SeriesTable: SelectingTable {
    /// Columns that are found by reading the series' samples.
    enum Own: Int, CaseIterable {
        case samples, minTime, maxTime
    }

    init(source: Source, snapshot: Snapshot) throws {
        let labels = LabelColumns(try snapshot.labelNames())
        let labelText = labels.columns.map { ", \(identifier($0)) TEXT" }.joined()
        super.init(
            source: source, labels: labels,
            columns: [.series, .metric] + labels.labels.indices.map { .label($0) } + [.labels]
                + Own.allCases.map { .own($0.rawValue) },
            declaration: """
                CREATE TABLE x (id INTEGER PRIMARY KEY, metric TEXT\(labelText), labels TEXT HIDDEN,
                    samples INTEGER HIDDEN, min_ts REAL HIDDEN, max_ts REAL HIDDEN) WITHOUT ROWID
                """,
            isOfSamples: false, stats: snapshot.database.stats())
    }

    override func makeCursor() throws -> Cursor { try SeriesCursor(self) }
}

final class SeriesCursor: ListCursor {
    private let table: SeriesTable
    private var series: SelectedSeries?
    private let buffer = SampleBuffer()
    /// The row whose samples `buffer` holds.
    private var bufferedIndex = -1

    init(_ table: SeriesTable) throws {
        self.table = table
        try super.init(table.source)
    }

    deinit { series?.querier.close() }

    override func filter(_ plan: Plan, _ values: [HostValue], _ row: UnsafeMutablePointer<host_cursor>) throws {
        series?.querier.close()
        series = nil
        bufferedIndex = -1
        let selection = try Selection(plan, values, columns: table.labels, snapshot: snapshot)
        if !selection.isNothing { series = try SelectedSeries(selection, plan, snapshot) }
        filter(row, count: series?.count ?? 0)
    }

    override func give(_ column: Int, _ row: UnsafeMutablePointer<host_cursor>, to context: OpaquePointer?) throws {
        let index = Int(row.pointee.index)
        guard let labels = series?.labels(index) else { return host_result_null(context) }
        switch table.columns[column] {
        case .series: host_result_int64(context, seriesNumber(labels))
        case .metric: SQLValue.text(labels.metricName).give(to: context)
        case .label(let label): SQLValue.text(labels[table.labels.labels[label]]).give(to: context)
        case .labels: giveJSON(labelsJSON(labels), to: context)
        case .own(let own): try give(SeriesTable.Own(rawValue: own)!, index, to: context)
        default: host_result_null(context)
        }
    }

    /// Gives what only the samples tell, without staleness markers.
    private func give(_ own: SeriesTable.Own, _ index: Int, to context: OpaquePointer?) throws {
        if bufferedIndex != index {
            bufferedIndex = -1
            try series?.read(index, into: buffer)
            snapshot.activity.count(buffer.count)
            bufferedIndex = index
        }
        let times = (0..<buffer.count).lazy.filter { [buffer] in !StaleMarker.isStale(buffer.values[$0]) }
            .map { [buffer] in buffer.timestamps[$0] }
        let value: SQLValue =
            switch own {
            case .samples: .integer(Int64(times.reduce(0) { count, _ in count + 1 }))
            case .minTime: times.first.map { .real(seconds($0)) } ?? .null
            case .maxTime: times.last.map { .real(seconds($0)) } ?? .null
            }
        value.give(to: context)
    }
}
