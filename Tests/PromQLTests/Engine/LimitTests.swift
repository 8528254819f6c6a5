import Model
import TestSupport
import Testing

@testable import PromQL

/// What keeps one query from taking all memory or all time.
@Suite struct LimitTests {
    private static let oneSeries: MemoryStore = {
        let store = MemoryStore()
        // Infinities, so that nothing can be carried from window to window.
        var samples: [(time: Int64, value: Double)] = []
        for index in 0..<20_000 {
            let value: Double = index % 1000 == 0 ? .infinity : Double(index * 7919 % 1000)
            samples.append((Int64(index) * 1000, value))
        }
        store.add(Labels([("__name__", "x")]), samples)
        return store
    }()

    private func failure(_ query: String, maxSamples: Int) -> String? {
        var options = EngineOptions()
        options.maxSamples = maxSamples
        options.workers = 1
        do throws(QueryError) {
            _ = try Engine(options).instant(query, on: LimitTests.oneSeries, at: 10_000_000)
            return nil
        } catch {
            return error.description
        }
    }

    private func nested(_ part: String, _ levels: Int) -> String {
        String(repeating: "(\(part) + ", count: levels) + part + String(repeating: ")", count: levels)
    }

    /// However deep an expression is, what its parts hold at a time counts.
    @Test(arguments: [("vector", "time()"), ("vector", "scalar(x)"), ("", "x"), ("", "(1 - x)")])
    func everyColumnCounts(_ function: String, _ part: String) {
        let tooMany = "query processing would load too many samples into memory in query execution"
        let query = "count_over_time(\(function)(\(nested(part, 20)))[9000s:1s])"
        #expect(failure(query, maxSamples: 100_000) == tooMany)
        #expect(failure(query, maxSamples: 1_000_000) == nil)
    }

    /// A single series may have enough windows to take minutes: it ends nonetheless.
    @Test(arguments: ["mad_over_time(x[5h])", "deriv(x[5h])", "double_exponential_smoothing(x[5h], 0.5, 0.5)"])
    func aSingleSeriesEndsInTime(_ query: String) {
        let began = ContinuousClock.now
        #expect(throws: QueryError.self) {
            try Engine().range(
                query, on: LimitTests.oneSeries, start: 10_000_000, end: 19_000_000, step: 1000,
                options: QueryOptions(timeoutMs: 100))
        }
        #expect(ContinuousClock.now - began < .seconds(60))
    }
}
