import Model
import TestSupport
import Testing

@testable import TSDB

/// A database with three blocks of four series, samples in the journal, an exemplar and metadata.
struct CheckedDatabase {
    let directory = TemporaryDirectory()
    /// What it held when it was made.
    let samples: [Labels: [Sample]]

    static let options = DatabaseOptions(retentionMs: 0, blockMs: 4000)
    /// `r` has values that take eight bytes each, so that its rows are split; `d` has times of its own.
    static let names = ["a", "b", "r", "d"]

    init() async throws {
        var random = SeededGenerator(seed: 7)
        let database = try Database.open(directory: directory.path, options: CheckedDatabase.options)
        let refs = try database.resolve(CheckedDatabase.names.map { labels("__name__=\($0)", "job=x") })
        for time in stride(from: Int64(0), to: 15_000, by: 10) {
            var batch = SampleBatch(
                refs: refs, timestamps: [time, time, time, time + 5],
                values: [1, Double(time / 100), Double(bitPattern: random.next() >> 2), Double(time % 70)])
            if time == 14_000 {
                let exemplar = Exemplar(labels: labels("trace=t1"), timestamp: time, value: 3)
                batch.exemplars = [ExemplarSample(ref: refs[0], exemplar: exemplar)]
            }
            _ = try database.appendBlocking(batch)
        }
        try await database.setMetadata([MetricMetadata(metric: "a", type: .gauge, help: "h", unit: "")])
        try database.maintain()
        #expect(database.stats().blocks == 3)
        samples = try database.everything()
        database.close()
    }

    var path: String { directory.path }
    var file: String { path + "/" + Database.fileName }

    func everything() throws -> [Labels: [Sample]] {
        let database = try Database.openReadOnly(path)
        defer { database.close() }
        let found = try database.everything()
        #expect(database.takeProblems() == [])
        return found
    }
}

@Suite struct CheckTests {
    @Test func aSoundDatabaseIsFoundSo() async throws {
        let made = try await CheckedDatabase()
        let report = try Database.check(made.path, isFull: true)
        #expect(report.findings.map(\.description) == [])
        #expect(report.notes == [])
        #expect(report.blocks == 3 && report.series == 4 && report.rows == 12 && report.exemplars == 1)
        #expect(report.samples == 4 * 1200)
        #expect(report.journalRecords > 0)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        var sql: String
        /// What a finding says.
        var says: [String]
        /// The metrics that may lose samples, and from which times.
        var costs: [String] = []
        var times: Range<Int64> = 4000..<8000

        var testDescription: String { sql }
    }

    private static let row = 2 << 32
    private static let extra = 2 << 32 | Int(SeriesIndex.seriesEnd)
    private static let all = CheckedDatabase.names

    static let damages = [
        Damage(
            sql: "UPDATE chunk SET data = x'00' WHERE id = \(row + 1)",
            says: [
                "block 2 (1970-01-01T00:00:04Z to 1970-01-01T00:00:08Z), series 1 a{job=\"x\"}", "the bytes end early",
            ],
            costs: ["a"]),
        Damage(
            sql: "UPDATE chunk SET data = substr(data, 1, 12) || x'55' || substr(data, 14) WHERE id = \(row + 2)",
            says: ["series 2 b{job=\"x\"}: the checksum does not match"], costs: ["b"]),
        Damage(
            sql: "DELETE FROM chunk WHERE id = \(row + 4)", says: ["series 4 d{job=\"x\"}", "its row is missing"],
            costs: ["d"]),
        Damage(
            sql: "INSERT INTO chunk SELECT id + 90, data FROM chunk WHERE id = \(row + 2)",
            says: ["series 92, whose labels are not known", "the checksum does not match"]),
        Damage(
            sql: "DELETE FROM chunk WHERE id = \(extra)", says: ["list 0 of its timestamps is missing or damaged"],
            costs: ["a", "b", "r"]),
        Damage(
            sql: "UPDATE chunk SET data = x'1001' || data WHERE id = \(extra)",
            says: ["list 0 of timestamps: the checksum does not match", "series 3 r{job=\"x\"}"],
            costs: ["a", "b", "r"]),
        Damage(
            sql: "DELETE FROM chunk WHERE id = \(extra + 1)",
            says: ["series 3 r{job=\"x\"}: 1 of its pieces are missing"],
            costs: ["r"]),
        Damage(
            sql: "UPDATE chunk SET data = zeroblob(9) || substr(data, 10) WHERE id = \(extra + 1)",
            says: ["series 3 r{job=\"x\"}: the checksum does not match"], costs: ["r"]),
        Damage(
            sql: "UPDATE chunk SET data = x'ff' WHERE id = \(row + 3)",
            says: ["series 3", "neither a list of timestamps"],
            costs: ["r"]),
        Damage(sql: "UPDATE block SET samples = samples + 1 WHERE number = 2", says: ["block 2, its row in `block`"]),
        Damage(sql: "UPDATE block SET series = x'0000' WHERE number = 1", says: ["block 1, its row in `block`"]),
        Damage(
            sql: "UPDATE block SET number = 77 WHERE number = 2",
            says: ["block 77, its row in `block`: the checksum", "block 2: it has rows, and no sound row"]),
        Damage(
            sql: "UPDATE block SET number = 9000000000000000000 WHERE number = 2",
            says: ["block 9000000000000000000, its row in `block`"]),
        Damage(
            sql: "UPDATE journal SET record = zeroblob(20) WHERE id = (SELECT max(id) FROM journal)",
            says: ["journal record", "the checksum does not match"], costs: all, times: 12_000..<15_100),
        Damage(
            sql: "DELETE FROM journal WHERE id = (SELECT max(id) - 9 FROM journal)",
            says: ["the record that it builds on is missing or damaged"], costs: all, times: 12_000..<15_100),
        Damage(
            sql: "UPDATE series SET labels = x'ff' WHERE id = 2",
            says: ["series row 2: the bytes end early", "series 2: it has 1200 samples in 3 blocks and"], costs: ["b"],
            times: 0..<15_100),
        Damage(
            sql: "DELETE FROM series WHERE id = 2", says: ["series 2: it has 1200 samples in 3 blocks and"],
            costs: ["b"],
            times: 0..<15_100),
        Damage(
            sql: "UPDATE series SET labels = (SELECT labels FROM series WHERE id = 1) WHERE id = 2",
            says: ["series 1 has the same labels, a{job=\"x\"}"], costs: ["b"], times: 0..<15_100),
        Damage(
            sql: "UPDATE series SET labels = substr(labels, 2, 1) || substr(labels, 1, 1) WHERE id = 1",
            says: ["series 1 a{job=\"x\"}: its labels are not sorted"]),
        Damage(
            sql: """
                INSERT INTO label SELECT 100, name, value FROM label WHERE value = CAST('x' AS BLOB);
                UPDATE series SET labels = substr(labels, 1, 1) || x'64' WHERE id = 1
                """, says: ["label row 100: row ", "is the same pair, job=\"x\"", "series 1 a{job=\"x\"}"]),
        Damage(
            sql: "DELETE FROM label WHERE value = CAST('d' AS BLOB)", says: ["it names label row", "series 4: it has"],
            costs: ["d"], times: 0..<15_100),
        Damage(
            sql: "UPDATE meta SET value = -1 WHERE key = 'next_series'",
            says: ["next_series", "the checksum does not match"]),
        Damage(sql: "DELETE FROM meta WHERE key = 'next_series'", says: ["next_series", "missing"]),
        Damage(
            sql: "UPDATE meta SET value = 9223372036854775807 WHERE key = 'sealed_end'", says: ["sealed_end"]),
        Damage(sql: "UPDATE exemplar SET labels = x'ff00'", says: ["exemplar 1 of series 1: its labels are damaged"]),
        Damage(sql: "UPDATE metadata SET type = 'nonsense'", says: ["metadata of a: there is no type 'nonsense'"]),
    ]

    @Test(arguments: damages) func damageIsNamedAndRepaired(_ damage: Damage) async throws {
        let made = try await CheckedDatabase()
        runSQL(made.file, damage.sql)
        let report = try Database.check(made.path)
        let found = report.findings.map(\.description).joined(separator: "\n")
        for text in damage.says { #expect(found.contains(text), "\(found)") }
        #expect(report.findings.filter { !$0.isRepairable }.map(\.description) == [])

        let repair = try Database.repair(made.path)
        #expect(repair.before.findings.map(\.description) == report.findings.map(\.description))
        #expect(repair.after.findings.map(\.description) == [], "\(repair.actions)")
        #expect(try Database.check(made.path, isFull: true).isSound)
        let kept = try made.everything()
        for (labels, samples) in made.samples {
            let isHit = damage.costs.contains(labels.metricName ?? "")
            let sure = isHit ? samples.filter { !damage.times.contains($0.time) } : samples
            let now = kept[labels] ?? []
            #expect(Set(now).isSuperset(of: sure) && Set(samples).isSuperset(of: now), "\(labels)")
        }
        #expect(kept.count <= made.samples.count)
        // It can be written to, and nothing is given a number that was another's.
        let database = try Database.open(directory: made.path, options: CheckedDatabase.options)
        _ = try database.add(labels("__name__=new"), [Sample(20_000, 1)])
        try database.compact()
        #expect(try database.everything()[labels("__name__=new")] == [Sample(20_000, 1)])
        database.close()
        #expect(try Database.check(made.path).findings.map(\.description) == [])
    }

    /// What a bug would write: a block's row with a checksum that matches, and numbers that do not.
    @Test(arguments: ["samples", "bytes"]) func sumsAreCompared(_ what: String) async throws {
        let made = try await CheckedDatabase()
        try change(made) { block in if what == "samples" { block.sampleCount += 7 } else { block.byteCount -= 7 } }
        try expectFinding(made, "its row says", "\(what), it has")
    }

    @Test func theListOfSeriesIsCompared() async throws {
        let made = try await CheckedDatabase()
        try change(made) { block in
            block.series = block.series.changing([(id: 3, isThere: false), (id: 9, isThere: true)])
        }
        try expectFinding(made, "series 3 r{job=\"x\"}: it has a row, and the block's list does not have it")
        #expect(try made.everything() == made.samples)
    }

    private func change(_ made: CheckedDatabase, _ body: (inout Block) -> Void) throws {
        let connection = try Connection(path: made.file, mode: .readWrite)
        var block = try #require(try Loader(connection: connection).blocks().blocks.first { $0.number == 2 })
        body(&block)
        try WriterTables(connection).addBlock(block)
    }

    private func expectFinding(_ made: CheckedDatabase, _ texts: String...) throws {
        let found = try Database.check(made.path).findings.map(\.description).joined(separator: "\n")
        for text in texts { #expect(found.contains(text), "\(found)") }
        #expect(try Database.repair(made.path).after.isSound)
    }

    /// Damage of the file's own structure is named by table, and nothing is written to it.
    @Test func damagedPagesAreNotRepaired() async throws {
        let made = try await CheckedDatabase()
        var bytes = try readFile(made.file)
        // All but the first pages, which have the schema.
        let start = 8 * Int(Schema.pageBytes)
        for offset in stride(from: start, to: bytes.count, by: 512) { bytes[offset] ^= 0xff }
        try writeFile(made.file, bytes)
        let report = try Database.check(made.path)
        #expect(!report.isSound)
        #expect(report.findings.contains { $0.problem.hasPrefix("SQLite finds") && !$0.isRepairable })
        let repair = try Database.repair(made.path)
        #expect(repair.actions == [] && !repair.after.isSound)
        #expect(try readFile(made.file) == bytes)
    }

    @Test func leftoversAreNotedAndNoDamage() async throws {
        let made = try await CheckedDatabase()
        runSQL(made.file, "INSERT INTO chunk SELECT id + (50 << 32), data FROM chunk WHERE id < \(2 << 32)")
        let report = try Database.check(made.path)
        #expect(report.isSound)
        #expect(report.notes.count == 1 && report.notes[0].hasPrefix("block 51 does not count"))
        #expect(try Database.repair(made.path).actions == ["deleted the rows of block 51, which did not count"])
        #expect(try Database.check(made.path).notes == [])
        #expect(try made.everything() == made.samples)
    }

    @Test func repairIsRefusedWhileAnotherWrites() async throws {
        let made = try await CheckedDatabase()
        let database = try Database.open(directory: made.path, options: CheckedDatabase.options)
        defer { database.close() }
        #expect(try Database.check(made.path).isSound)
        let error = #expect(throws: StorageError.self) { _ = try Database.repair(made.path) }
        guard case .locked(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("already open"))
    }

    @Test func whatWasSetAsideIsListed() async throws {
        let made = try await CheckedDatabase()
        runSQL(made.file, "UPDATE chunk SET data = x'00' WHERE id = \(2 << 32 | 1)")
        let repair = try Database.repair(made.path)
        #expect(repair.after.notes.count == 1)
        #expect(repair.after.notes[0].hasPrefix("set aside before, 1 bytes: block 2 ("))
    }
}
