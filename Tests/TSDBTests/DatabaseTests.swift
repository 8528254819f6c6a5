import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct DatabaseTests {
    @Test func whatWasAppendedIsFound() throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(directory: directory.path)
        let up = labels("__name__=up", "job=a")
        let samples = [Sample(1000, 1), Sample(16_000, 0), Sample(31_000, .nan)]
        #expect(try database.add(up, samples) == AppendResult(appended: 3))
        #expect(try database.everything() == [up: samples])
        database.close()
        let again = try Database.open(directory: directory.path)
        #expect(try again.everything() == [up: samples])
        #expect(try again.add(up, [Sample(31_000, 5), Sample(46_000, 2)]).appended == 1)
        #expect(try again.everything() == [up: samples + [Sample(46_000, 2)]])
    }

    @Test func sealedBlocksAnswerAsTheHeadDid() throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 1000))
        let up = labels("__name__=up", "job=a")
        var samples: [Sample] = []
        for time in stride(from: Int64(-5000), to: 10_000, by: 10) {
            samples.append(Sample(time, Double(time % 70)))
            _ = try database.add(up, [samples[samples.count - 1]])
        }
        try database.maintain()
        #expect(try database.everything() == [up: samples])
        #expect(database.state.blocks.count == 14)
        database.close()
        let again = try Database.open(directory: directory.path)
        #expect(try again.everything() == [up: samples])
    }
}
