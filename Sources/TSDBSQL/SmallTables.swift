import CSQLiteHost
import Model
import TSDB

/// A table of a few rows, all of which are made when a scan begins.
class SmallTable: Table {
    init(source: Source, declaration: String) {
        super.init(source: source, labels: LabelColumns([]), columns: [], declaration: declaration)
    }

    /// All rows, each with a value per column.
    func rows(_ snapshot: Snapshot) -> [[SQLValue]] { [] }

    final override func planScan(_ info: inout sqlite3_index_info) throws -> Int32 {
        info.estimatedCost = 1000
        info.estimatedRows = 100
        info.idxNum = number(of: Plan())
        return SQLITE_OK
    }

    final override func makeCursor() throws -> Cursor { try SmallCursor(self) }
}

private final class SmallCursor: ListCursor {
    private let table: SmallTable
    private var rows: [[SQLValue]] = []

    init(_ table: SmallTable) throws {
        self.table = table
        try super.init(table.source)
    }

    override func filter(_ plan: Plan, _ values: [HostValue], _ row: UnsafeMutablePointer<host_cursor>) throws {
        rows = table.rows(snapshot)
        filter(row, count: rows.count)
    }

    override func give(_ column: Int, _ row: UnsafeMutablePointer<host_cursor>, to context: OpaquePointer?) throws {
        rows[Int(row.pointee.index)][column].give(to: context)
    }
}

/// The table `metrics`: a row per metric that has series, with what its exposition says about it.
final class MetricsTable: SmallTable {
    init(source: Source) {
        super.init(
            source: source, declaration: "CREATE TABLE x (metric TEXT, type TEXT, help TEXT, unit TEXT, series INTEGER)"
        )
    }

    override func rows(_ snapshot: Snapshot) -> [[SQLValue]] {
        let known = snapshot.database.metadata(metric: nil)
        let metrics = snapshot.database.cardinality(limit: .max).seriesByMetricName
        return metrics.sorted { byteOrder($0.name, $1.name) }.map { metric in
            let metadata = MetricMetadata.names(ofSeries: metric.name).lazy.compactMap { known[$0]?.first }.first
            return [
                .text(metric.name), .text(metadata?.type.rawValue), .text(metadata?.help), .text(metadata?.unit),
                .integer(Int64(metric.count)),
            ]
        }
    }
}

/// The table `stats`: what the database knows about itself, a row per figure.
final class StatsTable: SmallTable {
    init(source: Source) {
        super.init(source: source, declaration: "CREATE TABLE x (name TEXT, value)")
    }

    override func rows(_ snapshot: Snapshot) -> [[SQLValue]] {
        let stats = snapshot.database.stats()
        func time(_ milliseconds: Int64?) -> SQLValue { milliseconds.map { .real(seconds($0)) } ?? .null }
        let figures: [(String, SQLValue)] = [
            ("path", .text(snapshot.database.path)),
            ("series", .integer(Int64(stats.series))),
            ("label_pairs", .integer(Int64(stats.labelPairs))),
            ("min_ts", time(stats.blockMinTime ?? stats.headMinTime)),
            ("max_ts", time(stats.headMaxTime)),
            ("journal_samples", .integer(Int64(stats.journalReplayed))),
            ("blocks", .integer(Int64(stats.blocks))),
            ("block_samples", .integer(stats.blockSamples)),
            ("block_bytes", .integer(stats.blockBytes)),
            ("database_bytes", .integer(stats.databaseBytes)),
            ("log_bytes", .integer(stats.logBytes)),
        ]
        return figures.map { [.text($0.0), $0.1] }
    }
}
