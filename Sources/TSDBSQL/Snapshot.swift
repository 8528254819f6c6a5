import Model
import TSDB

/// A database as of one moment, and what was worked out about it.
final class Snapshot: @unchecked Sendable {
    // SAFETY: only tables of one connection use it, and a connection is used by one thread at a time; the thread that closes
    // it takes it when nobody does.
    let database: Database
    let activity: Activity
    private var labelsBySeries: [Int64: [Labels]]?

    init(database: Database, activity: Activity) {
        self.database = database
        self.activity = activity
    }

    func querier(_ range: TimeRange = TimeRange()) throws(StorageError) -> any Querier {
        try database.querier(minTime: range.low, maxTime: range.high)
    }

    /// The labels of the series with this number: one set, save for two sets whose hashes are the same.
    /// - Complexity: linear in all series the first time.
    func labels(of series: Int64) throws(StorageError) -> [Labels] {
        if let known = labelsBySeries { return known[series] ?? [] }
        let view = try querier()
        defer { view.close() }
        let all = Dictionary(grouping: try view.series([], limit: 0), by: seriesNumber)
        labelsBySeries = all
        return all[series] ?? []
    }

    /// Distinct values of the label.
    func labelValues(_ name: String) throws(StorageError) -> [String] {
        let view = try querier()
        defer { view.close() }
        return try view.labelValues(name, [], limit: 0)
    }

    func labelNames() throws(StorageError) -> [String] {
        let view = try querier()
        defer { view.close() }
        return try view.labelNames([], limit: 0)
    }
}

/// The number of a series, which its labels alone decide, in every database: the low 53 bits of their hash, so that it stays
/// whole where numbers are doubles, as in JSON.
func seriesNumber(_ labels: Labels) -> Int64 { Int64(labels.hash64 & (1 << 53 - 1)) }
