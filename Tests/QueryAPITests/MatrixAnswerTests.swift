import Model
import PromQL
import TestSupport
import Testing

@testable import QueryAPI

/// Large matrices, which are written in pieces side by side.
@Suite struct MatrixAnswerTests {
    private static let histogram = Histogram(schema: 0, isFloat: false, count: 3, sum: 4)

    private func series(_ name: Int, numbers: Int, histograms: Int) -> MatrixSeries {
        let times = (0..<numbers).map { Int64($0) * 1000 }
        let points = (0..<histograms).map {
            HistogramPoint(timestampMs: Int64(numbers + $0) * 1000, histogram: Self.histogram)
        }
        return MatrixSeries(
            labels: Labels([(name: "n", value: "\(name)")]), timestamps: times, values: times.map { Double($0) / 8000 },
            histograms: points)
    }

    /// The same in the plainest way.
    private func text(_ matrix: [MatrixSeries]) -> String {
        matrix.map { one in
            let numbers = zip(one.timestamps, one.values).map { "[\($0 / 1000),\"\(plain($1))\"]" }
            let histograms = one.histograms.map { "[\($0.timestampMs / 1000),{\"count\":\"3\",\"sum\":\"4\"}]" }
            let parts = [("values", numbers), ("histograms", histograms)].filter { !$0.1.isEmpty }
            return "{\"metric\":{\"n\":\"\(one.labels["n"] ?? "")\"}"
                + parts.map { ",\"\($0)\":[\($1.joined(separator: ","))]" }.joined() + "}"
        }.joined(separator: ",")
    }

    private func plain(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private func expectPlainText(_ matrix: [MatrixSeries], _ comment: Comment? = nil) {
        let answer = String(decoding: encodeAnswer(QueryResult(value: .matrix(matrix))), as: UTF8.self)
        let head = #"{"status":"success","data":{"resultType":"matrix","result":["#
        #expect(answer == head + text(matrix) + "]}}", comment)
    }

    @Test func anyShapeReadsAsIfWrittenInOne() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let matrix = (0..<Int.random(in: 0...40, using: &random)).map { name in
                let size = [0, 1, 3, 2499, 2500, 6000].randomElement(using: &random) ?? 0
                let histograms = random.chance(20) ? Int.random(in: 0...400, using: &random) : 0
                return series(name, numbers: Int.random(in: 0...size, using: &random), histograms: histograms)
            }
            expectPlainText(matrix, "seed \(seed)")
        }
    }

    @Test(arguments: 2470...2510)
    func endsOfPiecesMayLieAnywhere(_ count: Int) {
        expectPlainText([series(0, numbers: count, histograms: 3), series(1, numbers: 1, histograms: 0)])
        expectPlainText([series(0, numbers: 2 * count, histograms: 0), series(1, numbers: 0, histograms: 160)])
        expectPlainText([series(0, numbers: 0, histograms: 0), series(1, numbers: count, histograms: 200)])
    }
}
