import TestSupport
import Testing

/// A real Prometheus and this engine give random queries over random series the same answers.
///
/// Always the same few; `make fuzz-diff` runs many others: `TSDB_FUZZ_COUNT` says how many, `TSDB_SEED` which.
@Suite(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"), .serialized)
struct DifferentialTests {
    @Test(arguments: fuzzCount == nil ? [1, 2] : [makeSeed()])
    func randomQueriesAreAnsweredAsByPrometheus(seed: UInt64) throws {
        var fuzzer = Fuzzer()
        try fuzzer.run(seed: seed, count: fuzzCount ?? 250)
        print(fuzzer.summary)
        #expect(fuzzer.unexplained.isEmpty, "the differences are printed above")
        // An explanation that fits a fault of ours too would be found for many.
        #expect(fuzzer.explained.values.reduce(0, +) <= max(fuzzer.asked / 30, 8), "\(fuzzer.summary)")
        // Queries of nothing, or that mean nothing, would compare little.
        #expect(fuzzer.empty + fuzzer.failed < fuzzer.asked * 2 / 3, "\(fuzzer.summary)")
    }
}
