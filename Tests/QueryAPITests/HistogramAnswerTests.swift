import Model
import PromQL
import QueryAPI
import Testing

/// The JSON of native histograms, as Prometheus 3.5.3 gave it for the same ones.
@Suite struct HistogramAnswerTests {
    static let exponential = Histogram(
        schema: 0, zeroThreshold: 0.001, zeroCount: 2, count: 12, sum: 20,
        positiveSpans: [Histogram.Span(offset: 0, length: 3)], negativeSpans: [Histogram.Span(offset: 0, length: 2)],
        positiveBuckets: [2, 0, 1], negativeBuckets: [1, 3])
    static let exponentialText =
        #"{"count":"12","sum":"20","buckets":[[1,"-2","-1","3"],[1,"-1","-0.5","1"],[3,"-0.001","0.001","2"],"#
        + #"[0,"0.5","1","2"],[0,"2","4","1"]]}"#
    static let custom = Histogram(
        schema: Histogram.customSchema, count: 5, sum: 12.5, positiveSpans: [Histogram.Span(offset: 0, length: 3)],
        positiveBuckets: [1, 2, 2], customValues: [1, 2])
    static let customText =
        #"{"count":"5","sum":"12.5","buckets":[[3,"-Inf","1","1"],[0,"1","2","2"],[0,"2","+Inf","2"]]}"#

    private func text(_ value: QueryValue) -> String {
        String(decoding: encodeAnswer(QueryResult(value: value)), as: UTF8.self)
    }

    @Test(arguments: [
        (exponential, exponentialText), (custom, customText), (Histogram(), #"{"count":"0","sum":"0"}"#),
    ])
    func vectorsShowHistograms(_ histogram: Histogram, _ expected: String) {
        let sample = VectorSample(labels: ["a": "b"], timestampMs: 1500, value: 0, histogram: histogram)
        #expect(
            text(.vector([sample]))
                == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"#
                + #""histogram":[1.500,\#(expected)]}]}}"#)
    }

    @Test(arguments: [
        ([Int64](), 1, #""histograms":[[2,H]]"#), ([1000], 0, #""values":[[1,"1"]]"#),
        ([1000], 2, #""values":[[1,"1"]],"histograms":[[2,H],[3,H]]"#),
    ])
    func matricesShowNumbersAndThenHistograms(_ times: [Int64], _ count: Int, _ expected: String) {
        let histograms = (0..<count).map {
            HistogramPoint(timestampMs: Int64(2000 + 1000 * $0), histogram: Self.custom)
        }
        let series = MatrixSeries(
            labels: .empty, timestamps: times, values: times.map { _ in 1 }, histograms: histograms)
        let points = expected.split(separator: "H", omittingEmptySubsequences: false).joined(separator: Self.customText)
        #expect(
            text(.matrix([series]))
                == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},\#(points)}]}}"#)
    }

    /// The answer is written in pieces; none of them may begin or end a series twice.
    @Test func longAnswersAreWhole() {
        let histograms = (0..<3000).map { HistogramPoint(timestampMs: Int64($0), histogram: Self.exponential) }
        let one = MatrixSeries(labels: .empty, timestamps: [9000], values: [1], histograms: histograms)
        let answer = text(.matrix([one, one]))
        let count = { (part: String) in answer.split(separator: part, omittingEmptySubsequences: false).count - 1 }
        #expect(count("{\"metric\"") == 2)
        #expect(count("\"histograms\":[") == 2)
        #expect(count("\"count\":\"12\"") == 6000)
        #expect(count("\"values\":[") == 2)
    }
}
