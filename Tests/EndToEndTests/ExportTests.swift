import Glibc
import Model
import TSDB
import TestSupport
import Testing

/// What `tsdb export` writes, others read, and so does `tsdb import`.
@Suite struct ExportTests {
    static let start: Int64 = 1_700_000_000_000
    static let promtool = findProgram("promtool")

    static let values: [Double] = [
        0, -0.0, 1, 0.1, 1.0 / 3, 1e300, 5e-324, -123_456_789.125, 1e6, 1e21, .infinity, -.infinity, .ordinaryNaN,
        9_007_199_254_740_993,
    ]
    static let labels: [Labels] = [
        ["__name__": "plain"], ["__name__": "up", "job": "a", "instance": "h:1"],
        ["__name__": "odd.name", "label with space": "x", "job": "a"],
        ["__name__": "le", "le": "1", "quoted": "\"\\\n ü,"],
    ]

    /// A database with some series and odd values, and what is in it.
    private static func makeDatabase(_ directory: String, stale: Bool = false) throws {
        let database = try Database.open(directory: directory)
        let series = try database.resolve(labels)
        for (index, value) in values.enumerated() {
            // Times off the second, because OpenMetrics tells seconds.
            let time = start + Int64(index) * 15_000 + Int64(index * 77 % 1000)
            try database.appendBlocking(
                SampleBatch(refs: series, timestamps: [time], values: series.indices.map { value + Double($0) }))
        }
        if stale {
            try database.appendBlocking(
                SampleBatch(refs: [series[0]], timestamps: [start + 3_000_000], values: [StaleMarker.value]))
        }
        database.close()
    }

    private static func read(_ directory: String) throws -> [Labels: [Int64: UInt64]] {
        let database = try Database.openReadOnly(directory)
        defer { database.close() }
        let querier = try database.querier(minTime: .min, maxTime: .max)
        defer { querier.close() }
        let set = try querier.select([], hints: SelectHints(minTime: .min, maxTime: .max))
        var all: [Labels: [Int64: UInt64]] = [:]
        for index in 0..<set.count {
            let samples = SampleBuffer()
            try set.read(index, into: samples)
            for place in 0..<samples.count {
                all[set.labels(index), default: [:]][samples.timestamps[place]] = samples.values[place].bitPattern
            }
        }
        return all
    }

    @Test func openMetricsComesBackBitByBit() throws {
        let directory = TemporaryDirectory()
        try Self.makeDatabase(directory.path + "/a")
        let file = directory.path + "/export.om"
        let exported = try runToEnd(Programs.tsdb, ["export", "--db", directory.path + "/a", "-o", file])
        #expect(exported.status == 0 && exported.printed == "", "\(exported.printed)")
        let imported = try runToEnd(Programs.tsdb, ["import", file, "--db", directory.path + "/b"])
        #expect(imported.status == 0, "\(imported.printed)")
        #expect(imported.errors.contains("--storage.tsdb.retention.time="))
        #expect(try Self.read(directory.path + "/a") == Self.read(directory.path + "/b"))
    }

    @Test func importingAgainChangesNothing() throws {
        let directory = TemporaryDirectory()
        try Self.makeDatabase(directory.path + "/a")
        let file = directory.path + "/export.om"
        #expect(try runToEnd(Programs.tsdb, ["export", "--db", directory.path + "/a", "-o", file]).status == 0)
        for path in [file, "-"] {
            let again = try runToEnd(
                Programs.tsdb, ["import", path, "--db", directory.path + "/a"], input: try readText(file))
            #expect(again.status == 0, "\(again.printed)")
            let count = Self.values.count * Self.labels.count
            #expect(again.output.hasPrefix("imported   0 samples"), "\(again.printed)")
            #expect(again.output.contains("duplicates \(count) left out"), "\(again.printed)")
        }
    }

    @Test func packedTextIsUnpacked() throws {
        let directory = TemporaryDirectory()
        try Self.makeDatabase(directory.path + "/a")
        let file = directory.path + "/export.om"
        #expect(try runToEnd(Programs.tsdb, ["export", "--db", directory.path + "/a", "-o", file]).status == 0)
        // In two parts, as gzip makes them where files are put one behind the other.
        let packed = try runToEnd(
            "/bin/sh", ["-c", "(head -c 1000 \(file) | gzip; tail -c +1001 \(file) | gzip) > \(file).gz"])
        #expect(packed.status == 0)
        let imported = try runToEnd(Programs.tsdb, ["import", file + ".gz", "--db", directory.path + "/b"])
        #expect(imported.status == 0, "\(imported.printed)")
        #expect(try Self.read(directory.path + "/a") == Self.read(directory.path + "/b"))
        var bytes = try readFile(file + ".gz")
        bytes.removeLast(20)
        try writeFile(file + ".gz", bytes)
        let cut = try runToEnd(Programs.tsdb, ["import", file + ".gz", "--db", directory.path + "/c"])
        #expect(cut.status == 1 && cut.errors.contains("cut off"), "\(cut.printed)")
    }

    @Test(.enabled(if: promtool != nil && RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func promtoolMakesBlocksOfOpenMetrics() throws {
        let directory = TemporaryDirectory(.disk)
        try Self.makeDatabase(directory.path + "/a")
        let file = directory.path + "/export.om"
        #expect(try runToEnd(Programs.tsdb, ["export", "--db", directory.path + "/a", "-o", file]).status == 0)
        let blocks = directory.path + "/blocks"
        let made = try runToEnd(
            try #require(Self.promtool), ["tsdb", "create-blocks-from", "openmetrics", file, blocks])
        #expect(made.status == 0, "\(made.printed)")
        let imported = try runToEnd(Programs.tsdb, ["import", blocks, "--db", directory.path + "/b"])
        #expect(imported.status == 0, "\(imported.printed)")
        #expect(try Self.read(directory.path + "/a") == Self.read(directory.path + "/b"))
    }

    @Test func whatOpenMetricsCannotSayIsCounted() throws {
        let directory = TemporaryDirectory()
        try Self.makeDatabase(directory.path, stale: true)
        let exported = try runToEnd(Programs.tsdb, ["export", "--db", directory.path])
        #expect(exported.output.hasSuffix("# EOF\n"))
        #expect(exported.errors.contains("1 staleness markers"))
        let lines = try runToEnd(
            Programs.tsdb, ["export", "--db", directory.path, "--format", "jsonl", "--match", "plain"])
        #expect(lines.errors == "")
        #expect(lines.output.hasPrefix("{\"metric\":{\"__name__\":\"plain\"},\"values\":[0,"))
        #expect(lines.output.contains("\"Infinity\",\"-Infinity\",\"NaN\",") && lines.output.contains(",null],"))
    }

    @Test func csvHasAColumnForEachLabelAskedFor() throws {
        let directory = TemporaryDirectory()
        try Self.makeDatabase(directory.path)
        let csv = try runToEnd(
            Programs.tsdb,
            [
                "export", "--db", directory.path, "--format", "csv", "--match", "{job=\"a\"}", "--match", "up",
                "--label", "job", "--label", "none", "--end", "1700000000",
            ])
        #expect(
            csv.output == "metric,job,none,timestamp,value\nodd.name,a,,1700000000,2\nup,a,,1700000000,1\n",
            "\(csv.printed)")
        let all = try runToEnd(
            Programs.tsdb,
            ["export", "--db", directory.path, "--format", "csv", "--match", "up", "--end", "1700000000"])
        #expect(
            all.output
                == "metric,labels,timestamp,value\nup,\"{\"\"instance\"\":\"\"h:1\"\",\"\"job\"\":\"\"a\"\"}\",1700000000,1\n"
        )
    }

    struct BadText: Sendable, CustomStringConvertible {
        var description: String
        var text: String
        var format = "openmetrics"
        var says: String
    }

    static let badTexts = [
        BadText(
            description: "no end mark", text: "up 1 1700000000\n",
            says: "line 2, column 1: data does not end with # EOF"),
        BadText(
            description: "no timestamp", text: "up 1 1700000000\nup 2\n# EOF\n",
            says: "line 2, column 3: expected a timestamp"),
        BadText(description: "text behind the end", text: "# EOF\nup 1 1\n", says: "unexpected data after # EOF"),
        BadText(
            description: "no number", text: "up one 1700000000000\n", format: "prometheus-text",
            says: "line 1, column 4"),
        BadText(description: "no gzip", text: "\u{1f}\u{8b}", format: "auto", says: "line 1"),
    ]

    @Test(arguments: badTexts) func badTextIsRefusedWithItsPlace(_ one: BadText) throws {
        let directory = TemporaryDirectory()
        try writeFile(directory.path + "/in", one.text)
        let run = try runToEnd(
            Programs.tsdb,
            ["import", directory.path + "/in", "--db", directory.path + "/db", "--format", one.format])
        #expect(run.status == 1)
        #expect(run.errors.contains(one.says), "\(run.printed)")
    }

    @Test func prometheusTextIsToldByItsTimestamps() throws {
        let directory = TemporaryDirectory()
        let run = try runToEnd(
            Programs.tsdb, ["import", "-", "--db", directory.path],
            input:
                "# TYPE a counter\na{b=\"c\"} 1 1700000000000\na{b=\"c\"} 2 1700000015000\na{b=\"c\"} 3 1700000015000\n"
        )
        #expect(run.status == 0)
        #expect(run.output.contains("imported   2 samples of 1 series\nduplicates 1 left out\n"), "\(run.printed)")
        #expect(
            try Self.read(directory.path) == [
                ["__name__": "a", "b": "c"]: [
                    1_700_000_000_000: 1.0.bitPattern, 1_700_000_015_000: 2.0.bitPattern,
                ]
            ])
    }

    @Test func importIsRefusedWhileAServerRuns() throws {
        let server = try TestServer(config: "scrape_configs: []\n")
        defer { server.process.finish(SIGTERM) }
        let run = try runToEnd(Programs.tsdb, ["import", "-", "--db", server.data], input: "# EOF\n")
        #expect(run.status == 1)
        #expect(run.errors.contains("\(server.process.pid)") && run.errors.contains("--db"), "\(run.printed)")
        // Exporting is not.
        #expect(try runToEnd(Programs.tsdb, ["export", "--db", server.data]).output == "# EOF\n")
    }
}
