import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FaultTests {
    /// With longer ones, the blocks of the database made here would be merged.
    private static let shortBlocks = DatabaseOptions(retentionMs: 0, blockMs: 1000)

    private func makeDatabase(_ directory: TemporaryDirectory) throws -> [Labels: [Sample]] {
        let database = try Database.open(directory: directory.path, options: FaultTests.shortBlocks)
        for time in stride(from: Int64(0), to: 5000, by: 50) {
            let refs = try database.resolve((0..<5).map { labels("__name__=m", "n=\($0)") })
            try database.appendBlocking(SampleBatch(refs: refs, timestamps: [time], values: refs.map { Double($0.id) }))
        }
        try database.maintain()
        let everything = try database.everything()
        database.close()
        return everything
    }

    @Test func aDamagedRowIsReportedAndTheRestServed() throws {
        let directory = TemporaryDirectory()
        let before = try makeDatabase(directory)
        let path = directory.path + "/" + Database.fileName
        runSQL(path, "UPDATE chunk SET data = x'0102' || substr(data, 3) WHERE id = (1 << 32) | 2")
        runSQL(path, "DELETE FROM chunk WHERE id = (2 << 32) | 3")
        let database = try Database.open(directory: directory.path, options: FaultTests.shortBlocks)
        let after = try database.everything()
        let problems = database.takeProblems()
        #expect(problems.count == 2)
        #expect(problems.contains { $0.contains("block 1, series 2 (m{n=\"1\"})") && $0.contains("checksum") })
        #expect(problems.contains { $0.contains("block 2, series 3") && $0.contains("missing") })
        for (labels, samples) in before {
            let lost = labels["n"] == "1" ? 0 : labels["n"] == "2" ? 1 : -1
            #expect(after[labels] == samples.filter { $0.time / 1000 != lost })
        }
        #expect(database.stats().corruptions == 2)
    }

    @Test func aDamagedBlockRowCostsNothing() throws {
        let directory = TemporaryDirectory()
        let before = try makeDatabase(directory)
        runSQL(directory.path + "/" + Database.fileName, "UPDATE block SET series = x'0106' WHERE number = 1")
        let database = try Database.open(directory: directory.path)
        #expect(database.takeProblems().count == 2)
        #expect(try database.everything() == before)
    }

    @Test func damagedJournalRecordsAreSetAside() throws {
        let directory = TemporaryDirectory()
        let before = try makeDatabase(directory)
        let path = directory.path + "/" + Database.fileName
        runSQL(path, "UPDATE journal SET record = substr(record, 1, 5) WHERE id = (SELECT max(id) - 2 FROM journal)")
        let database = try Database.open(directory: directory.path)
        let after = try database.everything()
        // The damaged record and the two that build on it are lost, and say so.
        for (labels, samples) in before { #expect(after[labels] == Array(samples.dropLast(3))) }
        #expect(database.takeProblems().count == 3)
        // What comes next does not build on what is lost.
        _ = try database.add(labels("__name__=m", "n=0"), [Sample(9000, 1)])
        database.close()
        let again = try Database.open(directory: directory.path)
        #expect(try again.everything()[labels("__name__=m", "n=0")]?.last == Sample(9000, 1))
    }

    @Test func damagedSeriesAndLabelRowsCostOnlyThemselves() throws {
        let directory = TemporaryDirectory()
        let before = try makeDatabase(directory)
        let path = directory.path + "/" + Database.fileName
        runSQL(path, "UPDATE series SET labels = x'ff' WHERE id = 1")
        runSQL(path, "INSERT INTO label VALUES (-5, 'a', 'b'), (1 << 40, 'a', 'b')")
        let database = try Database.open(directory: directory.path)
        #expect(try database.everything().count == before.count - 1)
        #expect(database.takeProblems().count == 3)
        _ = try database.add(labels("__name__=m", "n=0"), [Sample(9000, 1)])
        #expect(try database.everything()[labels("__name__=m", "n=0")] == [Sample(9000, 1)])
    }

    @Test func aFullDiskRefusesWritesAndKeepsAnswering() throws {
        let directory = TemporaryDirectory()
        var options = DatabaseOptions(retentionMs: 0, blockMs: 1000)
        options.pagesMax = 30
        let database = try Database.open(directory: directory.path, options: options)
        var kept: [Labels: [Sample]] = [:]
        var refused = 0
        var random = SeededGenerator(seed: 1)
        for round in 0..<200 {
            let series = labels("__name__=m", "n=\(round % 20)")
            let samples = (0..<200).map { index in
                Sample(Int64(round / 20 * 200 + index), bits: .random(in: 0...UInt64.max, using: &random))
            }
            do throws(StorageError) {
                let refs = try database.resolve([series])
                _ = try database.appendBlocking(
                    SampleBatch(
                        refs: samples.map { _ in refs[0] }, timestamps: samples.map(\.time),
                        values: samples.map { Double(bitPattern: $0.bits) }))
                kept[series, default: []] += samples
            } catch {
                guard case .diskFull = error else {
                    Issue.record("\(error)")
                    continue
                }
                refused += 1
            }
        }
        #expect(refused > 10)
        #expect(try database.everything() == kept)
        #expect(database.stats().writeFailures > 0)
        database.close()
        // With room again, it goes on.
        let again = try Database.open(directory: directory.path)
        #expect(try again.everything() == kept)
        _ = try again.add(labels("__name__=m", "n=0"), [Sample(100_000, 1)])
        try again.maintain()
        #expect(again.takeProblems() == [])
        kept[labels("__name__=m", "n=0"), default: []].append(Sample(100_000, 1))
        #expect(try again.everything() == kept)
    }

    /// Late samples fill the head and are sealed in slices, between which others come.
    @Test func lateSamplesThatComeWhileOthersAreSealedOutliveACrash() throws {
        let directory = TemporaryDirectory()
        var options = DatabaseOptions(retentionMs: 0, blockMs: 1_000_000)
        options.outOfOrderMs = 1_000_000
        let database = try Database.open(directory: directory.path, options: options)
        let series = (0..<200).map { labels("__name__=m", "n=\($0)") }
        for labels in series { _ = try database.add(labels, [Sample(1000, 1)]) }
        try database.perform { (writer) throws(StorageError) in try writer.sealAll() }
        for labels in series { _ = try database.add(labels, [Sample(500, 2)]) }
        try database.perform { (writer) throws(StorageError) in
            writer.beginSealing(to: 1001)
            try writer.sealSlice()
        }
        _ = try database.add(series[0], [Sample(600, 3)])
        try database.perform { (writer) throws(StorageError) in
            while writer.sealing != nil { try writer.sealSlice() }
        }
        let copy = directory.path + "/copy"
        try copyDatabase(directory.path, copy, whileOpen: database)
        let crashed = try Database.open(directory: copy, options: options)
        #expect(try crashed.everything()[series[0]] == [Sample(500, 2), Sample(600, 3), Sample(1000, 1)])
        #expect(try crashed.everything() == database.everything())
    }

    /// A commit that fails must leave nothing behind that later records or series build on.
    @Test func afterAFailedCommitTheSameSamplesAreTaken() throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(directory: directory.path)
        let old = labels("__name__=old")
        _ = try database.add(old, [Sample(1, 1)])
        // A second connection that writes makes the writer's commit fail.
        let other = try Connection(path: directory.path + "/" + Database.fileName, mode: .readWrite)
        database.writer?.tables.connection.setBusyTimeout(1)
        try other.execute("BEGIN IMMEDIATE")
        let new = labels("__name__=new", "a=b")
        #expect(throws: StorageError.self) { try database.add(new, [Sample(2, 5)]) }
        #expect(throws: StorageError.self) { try database.add(old, [Sample(2, 2)]) }
        #expect(try database.everything() == [old: [Sample(1, 1)]])
        try other.execute("ROLLBACK")
        #expect(try database.add(new, [Sample(2, 5)]).appended == 1)
        #expect(try database.add(old, [Sample(2, 3)]).appended == 1)
        let wanted = [old: [Sample(1, 1), Sample(2, 3)], new: [Sample(2, 5)]]
        #expect(try database.everything() == wanted)
        database.close()
        let again = try Database.open(directory: directory.path)
        #expect(try again.everything() == wanted)
        #expect(again.takeProblems() == [])
    }
}
