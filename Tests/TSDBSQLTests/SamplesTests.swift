import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBSQL

@Suite struct SamplesTests {
    @Test func aSampleHasItsTimeInThreeFormsItsValueAndItsLabels() throws {
        let fixture = try Fixture()
        try fixture.add(["__name__": "up", "gpu": "0", "job": "a \"b\""], [(start + 1500, 2.5)])
        let connection = try fixture.connect()
        #expect(
            try connection.rows("SELECT ts, ms, time, value, metric, gpu, job, labels, stale, histogram FROM samples")
                == [
                    [
                        .real(1_706_659_201.5), .integer(start + 1500), .text("2024-01-31 00:00:01.500"), .real(2.5),
                        .text("up"),
                        .text("0"), .text("a \"b\""), .text(#"{"gpu":"0","job":"a \"b\""}"#), .integer(0), .null,
                    ]
                ])
        #expect(try connection.first("SELECT labels ->> 'job' FROM samples") == .text("a \"b\""))
        #expect(
            try connection.first("SELECT datetime(ts, 'unixepoch') = substr(time, 1, 19) FROM samples") == .integer(1))
    }

    @Test func valuesThatSQLHasNotAreNull() throws {
        let fixture = try Fixture()
        try fixture.add(
            ["__name__": "x"],
            [
                (start, .ordinaryNaN), (start + 1, .infinity), (start + 2, -.infinity), (start + 3, 1),
                (start + 4, StaleMarker.value),
            ])
        let connection = try fixture.connect()
        #expect(
            try connection.rows("SELECT value FROM samples") == [
                [.null], [.real(.infinity)], [.real(-.infinity)], [.real(1)],
            ])
        #expect(try connection.rows("SELECT ms FROM samples WHERE stale = 1") == [[.integer(start + 4)]])
        #expect(try connection.first("SELECT count(*) FROM samples WHERE stale IN (0, 1)") == .integer(5))
    }

    @Test func aHistogramIsJSONAndItsSeriesGoesOn() throws {
        let fixture = try Fixture()
        let ref = try fixture.database.resolve([["__name__": "wait"]])[0]
        let histogram = Histogram(
            schema: 0, count: 3, sum: 4.5, positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [1, 2])
        for (time, value) in [(start, 1.5), (start + 2000, 2.5)] {
            try fixture.database.appendBlocking(SampleBatch(refs: [ref], timestamps: [time], values: [value]))
            var batch = SampleBatch(refs: [], timestamps: [], values: [])
            batch.histograms = [HistogramSample(ref: ref, timestamp: time + 1000, histogram: histogram)]
            try fixture.database.appendBlocking(batch)
        }
        let connection = try fixture.connect()
        #expect(
            try connection.rows("SELECT value, histogram ->> 'count', histogram ->> '$.buckets[1][2]' FROM samples")
                == [
                    [.real(1.5), .null, .null], [.null, .integer(3), .integer(2)], [.real(2.5), .null, .null],
                    [.null, .integer(3), .integer(2)],
                ])
        #expect(
            try connection.rows("SELECT histogram IS NULL FROM samples WHERE ms > \(start + 1500)") == [
                [.integer(1)], [.integer(0)],
            ])
    }

    @Test func labelsWhoseNamesAreTakenGetOthers() throws {
        let fixture = try Fixture()
        try fixture.add(
            [
                "__name__": "x", "time": "t", "Host": "upper", "host": "lower", "od\"d name": "o",
                "label_time": "second",
            ],
            [(start, 1)])
        let connection = try fixture.connect()
        #expect(
            try connection.rows(#"SELECT label_time_2, label_time, Host, label_host, "od""d name" FROM samples"#)
                == [[.text("t"), .text("second"), .text("upper"), .text("lower"), .text("o")]])
    }

    @Test(arguments: [
        ("SELECT * FROM samples WHERE metric = 'DCGM_FI_DEV_GPU_UTIL' AND gpu = '1'", "metric=? gpu=?", 2),
        ("SELECT * FROM samples WHERE metric = 'DCGM_FI_DEV_GPU_UTIL' AND gpu IN ('0', '1')", "metric=? gpu IN ?", 4),
        ("SELECT * FROM samples WHERE gpu = 1 AND Hostname = 'beta'", "gpu=? Hostname=?", 3),
        ("SELECT * FROM samples WHERE metric LIKE 'dcgm_fi_dev_gpu%' AND gpu = '0'", "gpu=? metric LIKE ?", 4),
        ("SELECT * FROM samples WHERE metric GLOB '*_[T]EMP'", "metric GLOB ?", 8),
        ("SELECT * FROM samples WHERE metric != 'DCGM_FI_DEV_GPU_UTIL'", "metric!=?", 16),
        ("SELECT * FROM samples WHERE gpu IS NULL", "gpu IS NULL", 0),
        ("SELECT * FROM samples WHERE gpu IS NOT NULL AND gpu IS '3'", "gpu IS ? gpu IS NOT NULL", 6),
        ("SELECT * FROM samples WHERE gpu = ''", "gpu=?", 0),
        ("SELECT * FROM samples WHERE gpu = NULL", "gpu=?", 0),
        ("SELECT * FROM samples WHERE metric = 'DCGM_FI_DEV_GPU_UTIL' AND ts < 0", "metric=? ts<?", 0),
        ("SELECT * FROM samples WHERE gpu = '1' OR gpu = '2' AND metric LIKE '%UTIL'", "", 24),
    ])
    func conditionsOnLabelsKeepOtherSeriesFromBeingRead(_ query: String, _ plan: String, _ series: Int) throws {
        let connection = try Fixture.gpus().connect()
        let steps = try connection.plan(query)
        #expect(
            steps.contains { $0.contains("VIRTUAL TABLE INDEX") && $0.hasSuffix(":\(plan)") || plan.isEmpty },
            "\(steps)")
        if !plan.isEmpty { #expect(try connection.cost(of: query).series == series) }
    }

    @Test(arguments: [
        ("ts >= 1706662800 AND ts < 1706662860", "ts>=? ts<?", 4),
        ("ts > 1706662800 AND ts <= 1706662860.0", "ts>? ts<=?", 4),
        ("ms BETWEEN 1706662800000 AND 1706662845000", "ms>=? ms<=?", 4),
        ("time BETWEEN '2024-01-31 01:00' AND '2024-01-31 01:01'", "time>=? time<=?", 4),
        ("time > datetime('2024-01-31 01:00:00') AND time < '2024-01-31 01:00:45.001'", "time>? time<?", 4),
        ("ts = '1706662800'", "ts=?", 1),
        ("ts > 'abc'", "ts>?", 0),
        ("ts IN (1706662800, 1706662815)", "ts=?", 2),
    ])
    func conditionsOnTimesKeepOtherSamplesFromBeingRead(_ condition: String, _ plan: String, _ samples: Int) throws {
        let connection = try Fixture.gpus().connect()
        let query =
            "SELECT * FROM samples WHERE \(condition) AND metric = 'DCGM_FI_DEV_GPU_UTIL' AND gpu = '0' AND Hostname = 'beta'"
        let steps = try connection.plan(query)
        for part in plan.split(separator: " ") { #expect(steps.contains { $0.contains(part) }, "\(steps)") }
        #expect(try connection.cost(of: query).samples == samples)
        #expect(try connection.rows(query).count == samples)
    }

    @Test func aLimitEndsTheScan() throws {
        let connection = try Fixture.gpus().connect()
        #expect(try connection.cost(of: "SELECT * FROM samples LIMIT 10").series == 1)
    }

    @Test(arguments: [
        ("SELECT series, ts FROM samples ORDER BY series, ts", false),
        ("SELECT series, max(ts), value FROM samples GROUP BY series", false),
        ("SELECT ts FROM samples WHERE series = 5 ORDER BY ts", false),
        ("SELECT ts FROM samples ORDER BY ts", true),
        ("SELECT ts FROM samples ORDER BY series, ts DESC", true),
        ("SELECT ts FROM samples ORDER BY series, gpu", true),
    ])
    func onlyAnOrderThatHoldsSavesTheSorting(_ query: String, _ sorts: Bool) throws {
        let connection = try Fixture.gpus(2, hours: 1).connect()
        #expect(try connection.plan(query).contains { $0.contains("TEMP B-TREE") } == sorts)
        let rows = try connection.rows(query)
        if query.hasSuffix("ORDER BY series, ts") {
            let keys = rows.map { "\($0[0]) \($0[1])" }
            #expect(keys == (try connection.rows(query + " + 0")).map { "\($0[0]) \($0[1])" })
            #expect(rows.count == 12 * 240)
        }
    }

    @Test func theSmallTableOfAJoinIsReadFirst() throws {
        let connection = try Fixture.gpus().connect()
        try connection.rows(
            """
            CREATE TABLE job (name TEXT, gpu INTEGER, started REAL, ended REAL);
            INSERT INTO job VALUES ('a', 1, 1706662800, 1706662860), ('b', 2, 1706659200, 1706659260);
            """)
        let query = """
            SELECT job.name, count(*) FROM job JOIN samples s ON s.gpu = job.gpu AND s.ts >= job.started AND s.ts < job.ended
            WHERE s.metric = 'DCGM_FI_DEV_GPU_UTIL' GROUP BY job.name
            """
        let cost = try connection.cost(of: query)
        #expect(cost.series == 4)
        #expect(cost.samples == 16)
        #expect(try connection.rows(query) == [[.text("a"), .integer(8)], [.text("b"), .integer(8)]])
    }

    @Test func aNumberColumnFindsLabelsThatAreTheSameNumber() throws {
        let fixture = try Fixture()
        for gpu in ["0", "00", "0.0", "1", "x"] { try fixture.add(["__name__": "x", "gpu": gpu], [(start, 1)]) }
        let connection = try fixture.connect()
        try connection.rows("CREATE TABLE t (gpu INTEGER); INSERT INTO t VALUES (0)")
        // As SQLite compares a column of text with one of numbers, and with a number of the statement.
        #expect(try connection.first("SELECT count(*) FROM t CROSS JOIN samples s ON s.gpu = t.gpu") == .integer(3))
        #expect(try connection.first("SELECT count(*) FROM samples WHERE gpu = 0") == .integer(1))
        #expect(try connection.first("SELECT count(*) FROM samples WHERE gpu IN (0, 1)") == .integer(2))
        #expect(try connection.first("SELECT count(*) FROM samples WHERE gpu IN (SELECT gpu FROM t)") == .integer(3))
        #expect(try connection.first("SELECT count(*) FROM samples WHERE gpu = 'X' COLLATE NOCASE") == .integer(1))
    }

    @Test func aStatementSeesOneMomentAndTheNextOneWhatWasWrittenMeanwhile() throws {
        let fixture = try Fixture()
        try fixture.add(["__name__": "x"], [(start, 1)])
        let connection = try fixture.connect()
        var offset = 0
        let statement = try #require(
            try connection.prepare(
                Array("SELECT a.ms, (SELECT count(*) FROM samples) FROM samples a".utf8), from: &offset))
        #expect(try statement.step())
        #expect(statement.value(1) == .integer(1))
        try fixture.add(["__name__": "x"], [(start + 1000, 2)])
        #expect(try !statement.step())
        #expect(try connection.first("SELECT count(*) FROM samples") == .integer(2))
    }

    @Test func anInterruptedStatementThrows() throws {
        let connection = try Fixture.gpus().connect()
        var offset = 0
        let statement = try #require(
            try connection.prepare(Array("SELECT value FROM samples".utf8), from: &offset))
        #expect(try statement.step())
        connection.interrupt()
        let error = #expect(throws: SQLError.self) { while try statement.step() {} }
        #expect(error?.isInterrupted == true)
        #expect(try connection.first("SELECT 1") == .integer(1))
    }
}
