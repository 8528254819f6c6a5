import Model
import TestSupport
import Testing

@testable import TSDBSQL

@Suite struct HistogramJSONTests {
    private func json(_ histogram: Histogram) -> String { String(decoding: histogramJSON(histogram), as: UTF8.self) }

    @Test func exponentialBucketsHaveTheirBoundsInAscendingOrder() {
        let histogram = Histogram(
            schema: 0, zeroThreshold: 0.5, zeroCount: 2, count: 12, sum: 18.5,
            positiveSpans: [.init(offset: 0, length: 2), .init(offset: 1, length: 1)],
            negativeSpans: [.init(offset: 1, length: 2)], positiveBuckets: [1, 0, 3], negativeBuckets: [4, 2])
        #expect(
            json(histogram) == """
                {"count":12,"sum":18.5,"schema":0,"buckets":[[-4,-2,2],[-2,-1,4],[-0.5,0.5,2],[0.5,1,1],[4,8,3]]}
                """)
    }

    @Test func customBucketsEndAtInfinityWhichSQLiteReads() throws {
        let histogram = Histogram(
            schema: Histogram.customSchema, count: 5, sum: .nan, positiveSpans: [.init(offset: 0, length: 3)],
            positiveBuckets: [1, 2, 2], customValues: [0.1, 1])
        #expect(
            json(histogram)
                == #"{"count":5,"sum":null,"schema":-53,"buckets":[[-9e999,0.1,1],[0.1,1,2],[1,9e999,2]]}"#)
        let connection = try Fixture.gpus(1, hours: 1).connect()
        #expect(try connection.first("SELECT '\(json(histogram))' ->> '$.buckets[2][1]'") == .real(.infinity))
    }

    @Test func spansThatTellOfMoreThanThereIsEndThere() {
        let histogram = Histogram(count: 1, positiveSpans: [.init(offset: 0, length: .max)], positiveBuckets: [1])
        #expect(json(histogram).hasSuffix("\"buckets\":[[0.5,1,1]]}"))
    }
}
