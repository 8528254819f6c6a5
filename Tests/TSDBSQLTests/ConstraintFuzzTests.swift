import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBSQL

/// Random conditions give the same rows from the virtual table as from a table that holds a copy of all its rows.
@Suite struct ConstraintFuzzTests {
    @Test func randomConditionsSelectTheRowsThatSQLiteItselfSelects() throws {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        let fixture = try makeFixture(&random)
        let connection = try fixture.connect()
        let columns = "series, ms, ts, time, metric, value, gpu, label_host, Host, rack"
        try connection.rows(
            """
            CREATE TABLE copy (series INTEGER, ms INTEGER, ts REAL, time TEXT, metric TEXT, value REAL, gpu TEXT,
                label_host TEXT, Host TEXT, rack TEXT);
            INSERT INTO copy SELECT \(columns) FROM samples;
            CREATE TABLE bound (i INTEGER, r REAL, t TEXT, n);
            INSERT INTO bound VALUES (0, 0.0, '0', '00'), (1, 1.5, 'a', 1), (10, 1e1, '10', NULL), (NULL, -1, '', 'A');
            """)
        #expect(
            try connection.first("SELECT count(*) FROM copy")
                == .integer(Int64(fixture.samples.values.reduce(0) { $0 + $1.count })))
        for _ in 0..<400 {
            let condition = makeCondition(depth: 2, &random)
            let tail = Bool.random(using: &random) ? "ORDER BY series, ts" : "ORDER BY series, ms + 0"
            let query = { (table: String) in
                "SELECT \(columns), bound.rowid AS b FROM \(table) AS s JOIN bound WHERE \(condition) \(tail), b"
            }
            let found = try connection.rows(query("samples"))
            let expected = try connection.rows(query("copy"))
            #expect(found == expected, "seed \(seed): \(condition): \(found.count) rows for \(expected.count)")
        }
    }

    private func makeFixture(_ random: inout SeededGenerator) throws -> Fixture {
        let fixture = try Fixture(blockMs: 60_000)
        let labels: [Labels] = [
            ["__name__": "up", "gpu": "0", "host": "a"], ["__name__": "up", "gpu": "00", "host": "A"],
            ["__name__": "UP", "gpu": "1", "Host": "b"], ["__name__": "temp_c", "gpu": " 1", "host": "a%b"],
            ["__name__": "temp_c", "gpu": "1.0", "rack": "é"], ["__name__": "temp", "gpu": "1e1", "rack": "É"],
            ["gpu": "10", "host": "a_b"], ["__name__": "te[m]p", "rack": "x*y"], ["__name__": "te?p", "gpu": "-0"],
        ]
        var times = [Int64](repeating: start, count: labels.count)
        for round in 0..<8 {
            for (index, one) in labels.enumerated() {
                var samples: [(time: Int64, value: Double)] = []
                times[index] = max(times[index], start + Int64(round) * 45_000)
                for _ in 0..<3 {
                    times[index] += [1, 500, 1000, 15_000].randomElement(using: &random)!
                    samples.append((times[index], Double(Int.random(in: -2...12, using: &random))))
                }
                try fixture.add(one, samples)
            }
        }
        try fixture.database.maintain()
        return fixture
    }

    private func makeCondition(depth: Int, _ random: inout SeededGenerator) -> String {
        switch depth > 0 ? Int.random(in: 0..<5, using: &random) : 4 {
        case 0, 1: "\(makeCondition(depth: depth - 1, &random)) AND \(makeCondition(depth: depth - 1, &random))"
        case 2: "(\(makeCondition(depth: depth - 1, &random)) OR \(makeCondition(depth: depth - 1, &random)))"
        case 3: "NOT (\(makeCondition(depth: depth - 1, &random)))"
        default: Bool.random(using: &random) ? makeTextCondition(&random) : makeTimeCondition(&random)
        }
    }

    private func makeTextCondition(_ random: inout SeededGenerator) -> String {
        let column = ["s.gpu", "s.metric", "s.label_host", "s.Host", "s.rack"].randomElement(using: &random)!
        let values = [
            "'0'", "'1'", "'up'", "'UP'", "'a'", "'temp'", "''", "NULL", "0", "1", "1.0", "10", "x'30'", "'é'",
            "bound.i",
            "bound.r", "bound.t", "bound.n", "CAST(bound.i AS TEXT)", "'1' || ''",
        ]
        let value = { (random: inout SeededGenerator) in values.randomElement(using: &random)! }
        let pattern = [
            "'t%'", "'%P'", "'_p'", "'te[m]p'", "'te*'", "'[a-u]*'", "'[^u]?'", "'a[%]b'", "'%'", "'É'", "NULL",
            "bound.t", "'*'", "'te[?]p'",
        ]
        .randomElement(using: &random)!
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1, 2: return "\(column) = \(value(&random))"
        case 3: return "\(column) <> \(value(&random))"
        case 4: return "\(column) IS \(value(&random))"
        case 5: return "\(column) IS NOT \(value(&random))"
        case 6: return "\(column) IN (\(value(&random)), \(value(&random)), \(value(&random)))"
        case 7: return "\(column) IN (SELECT \(["i", "r", "t", "n"].randomElement(using: &random)!) FROM bound)"
        case 8: return "\(column) LIKE \(pattern)"
        case 9: return "\(column) GLOB \(pattern)"
        case 10: return "\(column) = \(value(&random)) COLLATE NOCASE"
        default: return "\(column) > \(value(&random))"
        }
    }

    private func makeTimeCondition(_ random: inout SeededGenerator) -> String {
        let ms = start + Int64.random(in: 0..<200, using: &random) * 500
        let op = ["=", "<", "<=", ">", ">=", "<>", "IS"].randomElement(using: &random)!
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: return "s.ts \(op) \(Double(ms) / 1000)"
        case 2: return "s.ts \(op) \(ms / 1000)"
        case 3: return "s.ms \(op) \(ms)"
        case 4: return "s.ms \(op) \(ms).5"
        case 5: return "s.time \(op) '\(TimeText.text(ms)!)'"
        case 6: return "s.time \(op) '\(TimeText.text(ms)!.prefix(19))'"
        case 7:
            return
                "s.ts \(op) \(["'\(ms / 1000)'", "'abc'", "NULL", "x'30'", "bound.i", "bound.t", "1e999", "-1e999"].randomElement(using: &random)!)"
        case 8:
            return
                "s.time \(op) \(["5", "NULL", "x'30'", "bound.t", "'2024'", "'3'", "'99999'"].randomElement(using: &random)!)"
        default: return "s.series IN (SELECT series FROM copy WHERE gpu = '\(Int.random(in: 0..<2, using: &random))')"
        }
    }
}
