import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct CheckpointTests {
    private static let logBytesMax = Int64(Checkpointer.pagesMax + Checkpointer.wantedPages) * Schema.pageBytes

    /// Commits `bytes` of metadata, which is the cheapest way to a long log.
    private func write(_ database: Database, _ bytes: Int, _ round: Int) async throws {
        let help = String(repeating: Character(UnicodeScalar(UInt8(97 + round % 26))), count: bytes)
        try await database.setMetadata([MetricMetadata(metric: "m\(round % 4)", type: .gauge, help: help, unit: "")])
    }

    @Test func theLogStaysBoundedHoweverMuchIsWritten() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(directory: directory.path)
        for round in 0..<100 {
            try await write(database, 1 << 20, round)
            #expect(database.stats().logBytes <= CheckpointTests.logBytesMax)
        }
        database.close()
        #expect(database.stats().logBytes == 0)
    }

    /// What a view reads stays in the log while it is open; when it is closed, the log becomes short again.
    @Test func aViewKeepsItsMomentAndTheLogShrinksBehindIt() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 1000))
        for time in stride(from: Int64(0), to: 3000, by: 100) {
            _ = try database.add(labels("__name__=m"), [Sample(time, 1)])
        }
        try database.maintain()
        let view = try database.querier(minTime: .min, maxTime: .max)
        let reader = try Database.openReadOnly(directory.path)
        let before = try view.everything()
        for round in 0..<50 { try await write(database, 1 << 20, round) }
        #expect(database.stats().logBytes > CheckpointTests.logBytesMax)
        #expect(try view.everything() == before)
        #expect(try reader.everything() == before)
        view.close()
        reader.close()
        for round in 0..<50 { try await write(database, 1 << 20, round) }
        #expect(database.stats().logBytes <= CheckpointTests.logBytesMax)
        #expect(try database.everything() == before)
        #expect(database.takeProblems() == [])
    }

    /// Read-only openings, one after another, beside a writer that appends, seals, deletes and checkpoints: each finds
    /// an unbroken row of samples up to what was acknowledged before it.
    @Test func readersBesideASealingWriterFindEachSampleOnce() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 50))
        let series = labels("__name__=m")
        _ = try database.add(series, [Sample(0, 0)])
        let path = directory.path
        let readings = Task {
            var count = 0
            var lastCount = 0
            while !Task.isCancelled || count < 3 {
                let reader = try Database.openReadOnly(path)
                let found = try reader.everything()[series] ?? []
                #expect(found == found.indices.map { Sample(Int64($0), Double($0)) })
                #expect(found.count >= lastCount && reader.takeProblems() == [])
                lastCount = found.count
                reader.close()
                count += 1
                await Task.yield()
            }
            return count
        }
        for time in Int64(1)..<600 {
            let refs = try database.resolve([series])
            _ = try await database.append(SampleBatch(refs: refs, timestamps: [time], values: [Double(time)]))
            if time % 20 == 0 { try await write(database, 1 << 18, Int(time)) }
        }
        readings.cancel()
        #expect(try await readings.value >= 3)
        #expect(database.stats().seals > 5)
    }
}
