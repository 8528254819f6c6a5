import Model
import TestSupport
import Testing

@testable import TSDB

/// Start times stay in memory when the samples that they came with are sealed.
@Suite struct StartTimeTests {
    private let directory = TemporaryDirectory()
    private let counter = labels("__name__=counter")

    private func open(headSamplesMax: Int = 3_000_000) throws -> Database {
        var options = DatabaseOptions(retentionMs: 0, blockMs: 1000, clock: FixedClock(now: 1_000_000))
        options.outOfOrderMs = 10_000
        options.headSamplesMax = headSamplesMax
        return try Database.open(directory: directory.path, options: options)
    }

    @discardableResult
    private func add(_ database: Database, _ time: Int64, startTime: Int64) throws -> AppendResult {
        var batch = SampleBatch(refs: try database.resolve([counter]), timestamps: [time], values: [Double(time)])
        batch.startTimes = [startTime]
        return try database.appendBlocking(batch)
    }

    /// Of the start times of a series one is kept; else they pile up, and with them alone the head is full for ever.
    @Test func theyDoNotFillTheHead() throws {
        let database = try open(headSamplesMax: 40)
        for time in Int64(1)...20 {
            try add(database, time * 100, startTime: time * 100 - 1)
            try database.perform { (writer) throws(StorageError) in try writer.sealAll() }
            let side = try database.perform { (writer) throws(StorageError) in writer.state.head.side }
            #expect(side.series.values.map(\.startTimes.count) == [1] && side.weight == 0)
        }
        try database.maintain()
        #expect(database.stats().seals <= 21)
        let view = try database.querier(minTime: .min, maxTime: .max)
        defer { view.close() }
        let buffer = SampleBuffer()
        try view.select([], hints: SelectHints(minTime: .min, maxTime: .max)).read(0, into: buffer)
        let wanted = (Int64(1)...20).map { ($0 * 100, $0 * 100 - 1) }
        #expect(buffer.startTimesByTime == Dictionary(uniqueKeysWithValues: wanted))
    }

    /// A record of the journal that reaches beyond all samples would never be deleted.
    @Test func thoseOfRefusedSamplesAreNotKept() throws {
        let database = try open()
        #expect(try add(database, .max, startTime: 5).rejected.map(\.reason) == [.tooOld])
        #expect(database.stats().journalRecords == 0)
        try add(database, 100, startTime: 0)
        #expect(try add(database, 1 << 61, startTime: 7).rejected.map(\.reason) == [.tooOld])
        let side = try database.perform { (writer) throws(StorageError) in writer.state.head.side }
        #expect(side.isEmpty && database.stats().journalRecords == 1)
    }

    @Test func whatIsDeletedStaysSoAfterACrash() throws {
        let database = try open()
        try add(database, 1000, startTime: 900)
        try database.perform { (writer) throws(StorageError) in try writer.sealAll() }
        _ = try database.add(counter, [Sample(500, 2)])
        let name = [Matcher("__name__", equals: "counter")]
        #expect(try database.deleteSeries([name], minTime: 500, maxTime: 500) == 1)
        let copy = directory.path + "/copy"
        try copyDatabase(directory.path, copy, whileOpen: database)
        let crashed = try Database.open(directory: copy)
        #expect(try crashed.everything() == [counter: [Sample(1000, 1000)]])
    }
}
