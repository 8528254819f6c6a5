import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FullHeadTests {
    /// Rows of a few samples cost more than all else, so that of many series the head holds more before it is full.
    @Test func aHeadOfManySeriesHoldsMore() throws {
        let directory = TemporaryDirectory(.memory)
        var options = DatabaseOptions(retentionMs: 0, clock: FixedClock(now: .max / 2))
        options.headSamplesMax = 60_000
        let database = try Database.open(directory: directory.path, options: options)
        defer { database.close() }
        let refs = try database.resolve((0..<50_000).map { labels("__name__=s\($0)") })
        for (scrape, seals) in [(1, 0), (2, 0), (3, 1)] {
            let values = [Double](repeating: Double(scrape), count: refs.count)
            try database.appendBlocking(
                SampleBatch(refs: refs, timestamps: [Int64(scrape) * 1000], values: values))
            try database.maintain()
            #expect(database.stats().seals == seals, "after \(scrape) samples of each series")
        }
    }
}
