import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ExemplarTests {
    /// A page shows an exemplar until there is another: what has no time of its own is stored when it is news.
    @Test func undatedExemplarsAreStoredOnce() throws {
        let directory = TemporaryDirectory(.memory)
        let database = try Database.open(directory: directory.path, options: DatabaseOptions(retentionMs: 0))
        defer { database.close() }
        let refs = try database.resolve([labels("__name__=a"), labels("__name__=b")])
        var time: Int64 = 1_000_000
        func append(_ exemplars: [(ref: SeriesRef, trace: String, timestamp: Int64?)]) throws {
            time += 1000
            var batch = SampleBatch(refs: refs, timestamps: [time], values: [1, 1])
            batch.exemplars = exemplars.map { one in
                let exemplar = Exemplar(
                    labels: labels("trace=\(one.trace)"), timestamp: one.timestamp ?? time, value: 1)
                return ExemplarSample(ref: one.ref, exemplar: exemplar, isDated: one.timestamp != nil)
            }
            #expect(try database.appendBlocking(batch).rejectedExemplars == [])
        }
        try append([(refs[0], "x", nil), (refs[1], "x", 1000)])
        try append([(refs[0], "x", nil), (refs[1], "x", 1000)])
        // A page without it, and one that has it again.
        try append([])
        try append([(refs[0], "x", nil)])
        try append([(refs[0], "y", nil)])
        try append([(refs[0], "x", nil)])
        // Of one that is dated the time counts.
        try append([(refs[0], "x", 1_006_000), (refs[1], "x", 2000)])
        try append([(refs[0], "x", 1_006_500)])
        try append([(refs[0], "x", nil)])
        let found = try database.exemplars([[Matcher("__name__", .matches, "a|b")]], minTime: 0, maxTime: .max)
        #expect(
            found.map { $0.exemplars.map(\.timestamp) } == [
                [1_001_000, 1_005_000, 1_006_000, 1_006_500, 1_009_000], [1000, 2000],
            ])
    }
}
