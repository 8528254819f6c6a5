import Model
import TestSupport
import Testing

@testable import TSDB

/// Rows that were damaged outside of the database, or by the disk.
@Suite struct DamageTests {
    private static let options = DatabaseOptions(retentionMs: 0, blockMs: 1000)

    /// Two series, with a sealed block and samples in the journal.
    private func makeDatabase(_ directory: TemporaryDirectory) throws {
        let database = try Database.open(directory: directory.path, options: DamageTests.options)
        for time in stride(from: Int64(0), to: 3000, by: 100) {
            _ = try database.add(labels("__name__=a"), [Sample(time, 1)])
            _ = try database.add(labels("__name__=b"), [Sample(time, 2)])
        }
        try database.maintain()
        #expect(database.stats().blocks == 2)
        database.close()
    }

    /// What was stored under a number whose row is damaged or gone is never served as another series.
    @Test(arguments: [
        "UPDATE series SET labels = x'ff' WHERE id = 2",
        "DELETE FROM series WHERE id = 2",
        "DELETE FROM series WHERE id = 2; DELETE FROM block",
        "DELETE FROM series WHERE id = 2; DELETE FROM journal; DELETE FROM block WHERE number = 2",
    ])
    func aDamagedSeriesLeavesItsSamplesToNoOther(_ damage: String) throws {
        let directory = TemporaryDirectory()
        try makeDatabase(directory)
        runSQL(directory.path + "/" + Database.fileName, damage)
        for opening in 0..<3 {
            let database = try Database.open(directory: directory.path, options: DamageTests.options)
            let series = labels("__name__=new", "opening=\(opening)")
            _ = try database.add(series, [Sample(3000, 7)])
            #expect(try database.everything()[series] == [Sample(3000, 7)])
            database.close()
        }
    }

    /// A block's row that says something else than was written costs at most that block, and neither retention nor
    /// arithmetic falls for it.
    @Test(arguments: [
        "UPDATE block SET max_time = 9223372036854775807 WHERE number = 1",
        "UPDATE block SET min_time = 5000 WHERE number = 1",
        "UPDATE block SET bytes = 9223372036854775807",
        "UPDATE block SET samples = 9223372036854775807",
        "UPDATE block SET samples = NULL, bytes = 'x', series = 5, checksum = x'00'",
    ])
    func aDamagedBlockRowIsSeen(_ damage: String) throws {
        let directory = TemporaryDirectory()
        try makeDatabase(directory)
        runSQL(directory.path + "/" + Database.fileName, damage)
        var options = DamageTests.options
        options.retentionMs = 100_000
        options.retentionBytes = 1 << 40
        let database = try Database.open(directory: directory.path, options: options)
        if !damage.contains("NULL") { #expect(!database.stats().problems.isEmpty) }
        try database.maintain()
        #expect(try database.everything()[labels("__name__=a")]?.count == 30)
        #expect(database.stats().blockSamples >= 0 && database.stats().blockBytes > 0)
    }

    private static let impossibleBlocks: [Int64] = [
        .max, .min, 0x4000_0000_0000_0000, -0x4000_0000_0000_0000, 0x1_0000_0000, -0x1_0000_0000, 0x7fff_ffff,
        -0x8000_0000,
    ]

    @Test(arguments: impossibleBlocks)
    func rowsOfImpossibleBlocksAreSetAside(_ number: Int64) throws {
        let directory = TemporaryDirectory()
        try makeDatabase(directory)
        runSQL(directory.path + "/" + Database.fileName, "UPDATE block SET number = \(number) WHERE number = 1")
        let database = try Database.open(directory: directory.path, options: DamageTests.options)
        // The row is of no use, and the block that it was for is made anew.
        #expect(database.takeProblems().count == 2)
        #expect(try database.everything()[labels("__name__=a")]?.count == 30)
        _ = try database.add(labels("__name__=a"), [Sample(9000, 1)])
        try database.maintain()
        #expect(try database.everything()[labels("__name__=a")]?.last?.time == 9000)
        database.close()
    }

    @Test(arguments: [0, -1, Int64.max, Int64.min, 0x1_0000_0000, 0xffff_fffe])
    func seriesOfImpossibleNumbersAreSetAside(_ number: Int64) throws {
        let directory = TemporaryDirectory()
        try makeDatabase(directory)
        runSQL(directory.path + "/" + Database.fileName, "UPDATE series SET id = \(number) WHERE id = 2")
        let database = try Database.open(directory: directory.path, options: DamageTests.options)
        _ = try database.add(labels("__name__=a"), [Sample(9000, 1)])
        try database.maintain()
        #expect(try database.everything()[labels("__name__=a")]?.count == 31)
        database.close()
    }

    @Test(arguments: ["block_ms", "sealed_end", "next_series"], [Int64.max, Int64.min, 0, -1, 0x1_0000_0000_00])
    func settingsThatMakeNoSenseDoNotTrap(_ key: String, _ value: Int64) throws {
        let directory = TemporaryDirectory()
        try makeDatabase(directory)
        runSQL(directory.path + "/" + Database.fileName, "UPDATE meta SET value = \(value) WHERE key = '\(key)'")
        guard let database = try? Database.open(directory: directory.path, options: DamageTests.options) else { return }
        _ = try? database.add(labels("__name__=new"), [Sample(9000, 1)])
        try? database.maintain()
        _ = try database.everything()
        database.close()
    }
}
