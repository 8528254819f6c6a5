import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBSQL

/// A database made by a test, and a connection that reads it.
final class Fixture {
    let directory = TemporaryDirectory()
    let database: Database
    private(set) var samples: [Labels: [(time: Int64, value: Double)]] = [:]

    /// - Parameter blockMs: short enough that what is written reaches blocks.
    init(blockMs: Int64 = 3_600_000) throws {
        database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: blockMs))
    }

    deinit { database.close() }

    func add(_ labels: Labels, _ samples: [(time: Int64, value: Double)]) throws {
        let ref = try database.resolve([labels])[0]
        let result = try database.appendBlocking(
            SampleBatch(
                refs: samples.map { _ in ref }, timestamps: samples.map(\.time), values: samples.map(\.value)))
        guard result.rejected.isEmpty else {
            throw TestFailure("refused \(result.rejected.count) samples of \(labels)")
        }
        self.samples[labels, default: []] += samples
    }

    func connect() throws -> SQLConnection { try SQLConnection(path: directory.path) }

    /// GPUs 0 ..< `gpus` of two hosts, a sample of each of three metrics every 15 s for `hours`, all of it in order.
    static func gpus(_ gpus: Int = 4, hours: Int = 3) throws -> Fixture {
        let fixture = try Fixture()
        let metrics = ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE"]
        for step in 0..<hours * 4 {
            let rounds = Int64(step * 60)..<Int64(step * 60 + 60)
            for (number, metric) in metrics.enumerated() {
                for (host, gpu) in ["alpha", "beta"].flatMap({ host in (0..<gpus).map { (host, $0) } }) {
                    try fixture.add(
                        ["__name__": metric, "gpu": "\(gpu)", "Hostname": host],
                        rounds.map { (start + $0 * 15_000, Double(($0 + Int64(7 * gpu + 31 * number)) % 100)) })
                }
            }
        }
        try fixture.database.maintain()
        return fixture
    }
}

/// 2024-01-31 00:00:00 UTC.
let start: Int64 = 1_706_659_200_000

extension SQLConnection {
    /// All rows of the statements in `sql`.
    @discardableResult
    func rows(_ sql: String) throws -> [[SQLValue]] {
        let bytes = Array(sql.utf8)
        var offset = 0
        var rows: [[SQLValue]] = []
        while let statement = try prepare(bytes, from: &offset) {
            let columns = statement.columnNames.indices
            while try statement.step() { rows.append(columns.map { statement.value($0) }) }
        }
        return rows
    }

    func first(_ sql: String) throws -> SQLValue? { try rows(sql).first?.first }

    /// What EXPLAIN QUERY PLAN says, a line per step.
    func plan(_ sql: String) throws -> [String] {
        try rows("EXPLAIN QUERY PLAN \(sql)").map { row in
            if case .text(let text) = row[3] { text } else { "" }
        }
    }

    /// How much `sql` reads.
    func cost(of sql: String) throws -> (series: Int, samples: Int) {
        let before = readCounts
        try rows(sql)
        return (readCounts.series - before.series, readCounts.samples - before.samples)
    }
}
