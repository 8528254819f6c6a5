import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBSQL

@Suite struct TablesTests {
    @Test func seriesHaveTheirLabelsAndWhatTheirSamplesTell() throws {
        let connection = try Fixture.gpus(2, hours: 1).connect()
        #expect(
            try connection.rows(
                """
                SELECT metric, gpu, Hostname, samples, min_ts, max_ts FROM series
                WHERE metric LIKE '%TEMP' AND gpu = '1' ORDER BY Hostname
                """)
                == ["alpha", "beta"].map { host in
                    [
                        .text("DCGM_FI_DEV_GPU_TEMP"), .text("1"), .text(host), .integer(240), .real(1_706_659_200),
                        .real(1_706_662_785),
                    ]
                })
        #expect(try connection.cost(of: "SELECT * FROM series").series == 0)
        #expect(
            try connection.first("SELECT count(*) FROM series JOIN samples ON series = id WHERE series.gpu = '0'")
                == .integer(6 * 240))
    }

    @Test func aSeriesHasTheSameNumberInEachDatabase() throws {
        let one = try Fixture()
        let two = try Fixture()
        try one.add(["__name__": "first"], [(start, 1)])
        for fixture in [one, two] { try fixture.add(["__name__": "up", "job": "a"], [(start, 1)]) }
        let query = "SELECT id FROM series WHERE metric = 'up'"
        #expect(try one.connect().rows(query) == two.connect().rows(query))
    }

    @Test func metricsHaveTheirMetadata() async throws {
        let fixture = try Fixture()
        try fixture.add(["__name__": "up"], [(start, 1)])
        for le in ["1", "+Inf"] { try fixture.add(["__name__": "wait_seconds_bucket", "le": le], [(start, 1)]) }
        try await fixture.database.setMetadata([
            MetricMetadata(metric: "wait_seconds", type: .histogram, help: "Waiting.", unit: "seconds")
        ])
        #expect(
            try fixture.connect().rows("SELECT * FROM metrics") == [
                [.text("up"), .null, .null, .null, .integer(1)],
                [.text("wait_seconds_bucket"), .text("histogram"), .text("Waiting."), .text("seconds"), .integer(2)],
            ])
    }

    @Test func statsTellWhatThereIs() throws {
        let connection = try Fixture.gpus(2, hours: 3).connect()
        #expect(try connection.first("SELECT value FROM stats WHERE name = 'series'") == .integer(12))
        #expect(
            try connection.first("SELECT sum(value) FROM stats WHERE name IN ('block_samples', 'journal_samples')")
                == .integer(12 * 720))
    }

    @Test func promqlIsATable() throws {
        let connection = try Fixture.gpus(2, hours: 1).connect()
        #expect(
            try connection.rows(
                "SELECT gpu, value, time FROM promql('sum by (gpu) (DCGM_FI_DEV_GPU_UTIL)', 1706659200) ORDER BY gpu")
                == [
                    [.text("0"), .real(0), .text("2024-01-31 00:00:00.000")],
                    [.text("1"), .real(14), .text("2024-01-31 00:00:00.000")],
                ])
        #expect(
            try connection.rows(
                "SELECT count(*), min(ts), max(time) FROM promql('DCGM_FI_DEV_GPU_UTIL', '2024-01-31', '2024-01-31 00:10', '1m')"
            )
                == [[.integer(44), .real(1_706_659_200), .text("2024-01-31 00:10:00.000")]])
        #expect(try connection.rows("SELECT value, metric FROM promql('1 + 1', 5)") == [[.real(2), .null]])
        // Of a join with a table, once per row.
        try connection.rows(
            "CREATE TABLE job (name TEXT, ended REAL); INSERT INTO job VALUES ('a', 1706659200), ('b', 1706659215)")
        #expect(
            try connection.rows(
                "SELECT name, value FROM job JOIN promql('DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",Hostname=\"beta\"}', job.ended) ORDER BY name"
            )
                == [[.text("a"), .real(0)], [.text("b"), .real(1)]])
    }

    @Test(arguments: [
        ("SELECT * FROM promql('up{', 0)", "parse error"),
        ("SELECT * FROM promql", "promql needs a query"),
        ("SELECT * FROM promql(5)", "the query as text"),
        ("SELECT * FROM promql('up', 'yesterday')", "start is no time"),
        ("SELECT * FROM promql('up', 10, 5)", "the end is before the start"),
        ("SELECT * FROM promql('up', 0, 5, 0)", "no positive number"),
        ("SELECT * FROM promql('up', 0, 5, -1)", "no positive number"),
        ("SELECT absent FROM samples", "no such column: absent"),
        ("INSERT INTO samples (ts) VALUES (1)", "may not be modified"),
        ("ATTACH '/tmp/other.db' AS other", "not authorized"),
        ("VACUUM INTO '/tmp/other.db'", "authorization denied"),
        ("CREATE VIRTUAL TABLE temp.x USING tsdb()", "expected the path"),
        ("CREATE VIRTUAL TABLE temp.x USING tsdb('/nowhere')", "/nowhere"),
        ("SELECT tsdb_attach('/nowhere', 'x_')", "/nowhere"),
    ])
    func whatIsWrongIsSaid(_ query: String, _ message: String) throws {
        let connection = try Fixture.gpus(1, hours: 1).connect()
        let error = #expect(throws: SQLError.self) { try connection.rows(query) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test func anUnknownTableIsSaidWithTheOnesThereAre() throws {
        let fixture = try Fixture.gpus(1, hours: 1)
        let error = #expect(throws: SQLError.self) {
            try fixture.connect().rows("CREATE VIRTUAL TABLE temp.x USING tsdb('\(fixture.directory.path)', chunks)")
        }
        #expect(error?.description.contains("samples, series, metrics, stats, promql") == true)
    }

    @Test func anErrorSaysWhereItIs() throws {
        let connection = try Fixture.gpus(1, hours: 1).connect()
        let error = #expect(throws: SQLError.self) { try connection.rows("SELECT 1; SELECT ts, absent FROM samples") }
        #expect(error?.offset == 21)
    }

    @Test func anAttachedDatabaseCanBeJoinedAndNotWritten() throws {
        let fixture = try Fixture.gpus(2, hours: 1)
        let other = try Fixture.gpus(1, hours: 1)
        let connection = try fixture.connect()
        try connection.attach(file: other.directory.path + "/" + Database.fileName, as: "other")
        #expect(try connection.first("SELECT count(*) > 0 FROM other.meta") == .integer(1))
        #expect(throws: SQLError.self) { try connection.rows("DELETE FROM other.meta") }
        #expect(throws: SQLError.self) { try connection.attach(file: "/nowhere.db", as: "nowhere") }
        #expect(try connection.first("SELECT tsdb_attach('\(other.directory.path)', 'other_')") == .integer(5))
        #expect(try connection.first("SELECT count(*) FROM other_series JOIN series USING (id)") == .integer(6))
        // Again, with the labels that it has now.
        try other.add(["__name__": "new", "zone": "z"], [(start + 7_200_000, 1)])
        #expect(try connection.first("SELECT tsdb_attach('\(other.directory.path)', 'other_')") == .integer(5))
        #expect(try connection.first("SELECT zone FROM other_samples WHERE zone IS NOT NULL") == .text("z"))
    }
}
