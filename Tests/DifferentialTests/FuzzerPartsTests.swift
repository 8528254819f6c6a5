import Testing

@testable import PromQL

/// What finds and shrinks differences does so.
@Suite struct FuzzerPartsTests {
    private static func answer(
        _ series: String = #"{"metric":{"a":"1"},"values":[[1,"2"],[2,"3.5"]]}"#, warnings: String = ""
    ) throws -> Answer {
        try Answer(
            Array(
                #"{"status":"success","data":{"resultType":"matrix","result":[\#(series)]},"warnings":[\#(warnings)]}"#
                    .utf8))
    }

    private static let histogram =
        #"{"metric":{},"histograms":[[1,{"count":"3","sum":"4","buckets":[[0,"1","2","3"]]}]]}"#

    @Test(arguments: [
        (#"{"metric":{"a":"2"},"values":[[1,"2"],[2,"3.5"]]}"#, Difference.Kind.series),
        (#"{"metric":{"a":"1"},"values":[[1,"2"],[3,"3.5"]]}"#, .points),
        (#"{"metric":{"a":"1"},"values":[[1,"2"],[2,"3.5001"]]}"#, .points),
        (#"{"metric":{"a":"1"},"values":[[1,"2"],[2,"NaN"]]}"#, .points),
        (#"{"metric":{"a":"1"},"values":[[1,"2"]],"histograms":[[2,{"count":"1","sum":"1"}]]}"#, .points),
    ])
    func differencesAreFound(_ other: String, _ kind: Difference.Kind) throws {
        #expect(try Self.answer().difference(from: Self.answer(other))?.kind == kind)
    }

    @Test func lastBitsAreNone() throws {
        let other = try Self.answer(#"{"metric":{"a":"1"},"values":[[1,"2.0000000000000004"],[2,"3.5"]]}"#)
        #expect(try Self.answer().difference(from: other) == nil)
        #expect(try Self.answer().difference(from: other, tolerance: 0)?.kind == .points)
    }

    @Test(arguments: [#""count":"3.1""#, #"[0,"1","2","2"]"#, #"[0,"1","2.5","3"]"#])
    func histogramsAreComparedWhole(_ part: String) throws {
        let wanted = part.hasPrefix("[") ? #"[0,"1","2","3"]"# : #""count":"3""#
        let other = try Self.answer(Self.histogram.replacing(wanted, with: part))
        #expect(try Self.answer(Self.histogram).difference(from: other)?.kind == .points)
    }

    @Test func annotationsAndErrorsAreCompared() throws {
        let warned = try Self.answer(warnings: #""PromQL warning: x (1:1)""#)
        #expect(try Self.answer().difference(from: warned)?.kind == .annotations)
        #expect(try Self.answer().difference(from: .failure("execution: x"))?.kind == .failure)
        #expect(Answer.failure("execution: x").difference(from: .failure("execution: y"))?.kind == .failure)
    }

    @Test(arguments: [
        ("sum by (job) (rate(up{job=\"a\"}[5m] offset 1m)) + 1 > bool on () group_left () vector(2)", "rate(up[5m])"),
        ("max_over_time((rate(up[5m]) * 2)[10m:1m])", "rate(up[5m])"),
        ("label_replace(-rate(up[5m] @ 3), \"a\", \"\", \"\", \"\")", "rate(up[5m])"),
    ])
    func queriesShrinkToWhatMatters(_ text: String, _ expected: String) throws {
        let query = Query(expr: try parse(text), time: .range(start: 0, end: 600_000, step: 60_000))
        let small = try Shrinker { $0.text.contains("rate(") }.shrink(query)
        #expect(small.text == expected)
        guard case .instant = small.time else {
            Issue.record("\(small) is not one instant")
            return
        }
    }

    @Test func seedsBringQueriesBack() {
        for seed in UInt64(1)...200 {
            var (one, other) = (ExpressionMaker(seed: seed), ExpressionMaker(seed: seed))
            let query = one.query()
            #expect(query.description == other.query().description)
            #expect(throws: Never.self, "\(query)") { try parse(query.text) }
        }
    }
}
