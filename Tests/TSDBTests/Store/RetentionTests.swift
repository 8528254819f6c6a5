import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RetentionTests {
    @Test func oldBlocksGoAndTheirSeriesAreForgotten() throws {
        let directory = TemporaryDirectory()
        let options = DatabaseOptions(retentionMs: 3000, blockMs: 1000)
        let database = try Database.open(directory: directory.path, options: options)
        let old = labels("__name__=old", "only=here")
        let live = labels("__name__=live")
        let oldRef = try database.resolve([old])[0]
        _ = try database.add(old, [Sample(100, 1)])
        for time in stride(from: Int64(100), to: 10_000, by: 100) { _ = try database.add(live, [Sample(time, 1)]) }
        try database.maintain()
        #expect(try database.everything()[old] == nil)
        #expect(try database.everything()[live]?.first?.time ?? 0 >= 6000)
        #expect(database.stats().series == 1 && database.stats().blocksDeleted > 4)
        let view = try database.querier(minTime: .min, maxTime: .max)
        #expect(try view.labelNames([], limit: 0) == ["__name__"])
        #expect(try view.labelValues("__name__", [], limit: 0) == ["live"])
        view.close()
        let batch = SampleBatch(refs: [oldRef], timestamps: [20_000], values: [1])
        #expect(try database.appendBlocking(batch).rejected == [.init(index: 0, reason: .unknownSeries)])
        let newRef = try database.resolve([old])[0]
        #expect(newRef.id > oldRef.id)
        database.close()
        // Numbers are not given again after opening either.
        let again = try Database.open(directory: directory.path, options: options)
        #expect(try again.resolve([old])[0].id >= newRef.id)
        _ = try again.add(old, [Sample(10_000, 7)])
        #expect(try again.everything()[old] == [Sample(10_000, 7)])
        again.close()
        let third = try Database.open(directory: directory.path, options: options)
        #expect(try third.everything()[old] == [Sample(10_000, 7)])
        #expect(third.takeProblems() == [])
    }

    @Test func theHighestNumberIsRememberedWhenItsSeriesIsGone() throws {
        let directory = TemporaryDirectory()
        let options = DatabaseOptions(retentionMs: 2000, blockMs: 1000)
        let database = try Database.open(directory: directory.path, options: options)
        let live = labels("__name__=live")
        _ = try database.add(live, [Sample(0, 1)])
        let gone = try database.resolve([labels("__name__=gone")])[0]
        _ = try database.add(labels("__name__=gone"), [Sample(0, 1)])
        for time in stride(from: Int64(100), to: 9000, by: 100) { _ = try database.add(live, [Sample(time, 1)]) }
        try database.maintain()
        database.close()
        let again = try Database.open(directory: directory.path, options: options)
        #expect(try again.resolve([labels("__name__=new")])[0].id > gone.id)
    }

    @Test func theSizeLimitDeletesTheOldestBlocks() throws {
        let directory = TemporaryDirectory()
        let options = DatabaseOptions(retentionMs: 0, retentionBytes: 3000, blockMs: 1000)
        let database = try Database.open(directory: directory.path, options: options)
        var random = SeededGenerator(seed: 1)
        for time in stride(from: Int64(0), to: 20_000, by: 10) {
            _ = try database.add(
                labels("__name__=m"), [Sample(time, bits: .random(in: 0...UInt64.max, using: &random))])
        }
        try database.maintain()
        let stats = database.stats()
        #expect(stats.blockBytes <= 3000 && stats.blocks >= 1 && stats.blocksDeleted > 10)
        #expect(try database.everything()[labels("__name__=m")]?.last?.time == 19_990)
    }

    @Test func whatIsSealedLeavesMemoryWhenNoViewReadsIt() throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 1000))
        let series = labels("__name__=m")
        for time in stride(from: Int64(0), to: 1400, by: 10) { _ = try database.add(series, [Sample(time, 1)]) }
        let view = try database.querier(minTime: .min, maxTime: .max)
        let before = try view.everything()
        for time in stride(from: Int64(1400), to: 9000, by: 10) { _ = try database.add(series, [Sample(time, 1)]) }
        try database.maintain()
        #expect(database.stats().seals > 5)
        #expect(database.stats().headChunks > 3)
        #expect(try view.everything() == before)
        view.close()
        try database.maintain()
        #expect(database.stats().headChunks <= 2)
        #expect(throws: StorageError.closed) { try view.series([], limit: 0) }
    }
}
