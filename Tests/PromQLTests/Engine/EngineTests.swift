import Model
import TestSupport
import Testing

@testable import PromQL

@Suite struct EngineTests {
    /// Enough series and steps for several threads to be used.
    private static let large: MemoryStore = {
        let store = MemoryStore()
        var random = SeededGenerator(seed: 7)
        for index in 0..<600 {
            let labels = Labels([
                ("__name__", "x_total"), ("a", "\(index % 150)"), ("b", "\(index % 2)"), ("i", "\(index)"),
            ])
            var value = 0.0
            store.add(
                labels,
                (1...240).map { k in
                    value += Double.random(in: -1...10, using: &random)
                    return (Int64(k) * 15_000, value)
                })
        }
        return store
    }()

    @Test(arguments: [
        "sum(x_total)", "sum by (a) (rate(x_total[5m]))", "avg(x_total)", "stddev by (b) (x_total)", "min(x_total)",
        "quantile(0.9, x_total)", "topk(3, x_total)", "x_total * 2", "x_total and x_total > 500",
        "count(x_total > 700)",
        "x_total / on (i) x_total", "max_over_time(rate(x_total[5m])[10m:1m])",
        "count_values(\"v\", floor(x_total / 100))",
    ])
    func threadsDoNotChangeTheAnswer(_ query: String) throws {
        let one = try answer(query, workers: 1)
        let many = try answer(query, workers: 7)
        let again = try answer(query, workers: 7)
        #expect(one.map(\.labels) == many.map(\.labels))
        for (a, b) in zip(one, many) {
            #expect(a.timestamps == b.timestamps)
            #expect(zip(a.values, b.values).allSatisfy { ($0 - $1).magnitude <= 1e-12 * $0.magnitude }, "\(a.labels)")
        }
        for (a, b) in zip(many, again) { #expect(a.values.map(\.bitPattern) == b.values.map(\.bitPattern)) }
    }

    /// As Prometheus, which looks at a parameter's extremes rather than at each step's value.
    @Test func quantilesBeyondTheirRangeAreWarnedOfOnce() throws {
        let query = "quantile(time(), x_total)"
        let result = try Engine().range(query, on: EngineTests.large, start: 60_000, end: 180_000, step: 60_000)
        #expect(result.warnings == ["PromQL warning: quantile value should be between 0 and 1, got 180 (1:10)"])
    }

    private func answer(_ query: String, workers: Int) throws -> [MatrixSeries] {
        var options = EngineOptions()
        options.workers = workers
        let result = try Engine(options).range(query, on: EngineTests.large, start: 0, end: 3_600_000, step: 15_000)
        guard case .matrix(let series) = result.value else { return [] }
        return series
    }

    @Test(arguments: [
        (
            "x_total + on (b) x_total",
            "found duplicate series for the match group {b=\"0\"} on the right hand-side of the "
                + "operation: [{__name__=\"x_total\", a=\"0\", b=\"0\", i=\"150\"}, {__name__=\"x_total\", a=\"0\", b=\"0\", "
                + "i=\"0\"}];many-to-many matching not allowed: matching labels must be unique on one side"
        ),
        (
            "x_total + on (b) sum by (b) (x_total)",
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        ),
        (
            "sum by (b) (x_total) * on (b) group_right () label_replace(x_total, \"i\", \"\", \"\", \"\")",
            "vector cannot contain metrics with the same labelset"
        ),
        ("topk(NaN, x_total)", "Parameter value is NaN"),
        ("topk(1e30, x_total)", "Scalar value 1e+30 overflows int64"),
        ("limit_ratio(NaN, x_total)", "Ratio value is NaN"),
        ("label_replace(x_total, \"\", \"\", \"a\", \"\")", "invalid destination label name in label_replace(): "),
        ("label_replace(x_total, \"c\", \"\", \"a\", \"(\")", "invalid regular expression in label_replace(): ("),
        (
            "double_exponential_smoothing(x_total[5m], 2, 0.5)",
            "invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000"
        ),
        (
            "count_over_time(x_total[10y:1ms])",
            "query processing would load too many samples into memory in query execution"
        ),
    ])
    func errorsAreThoseOfPrometheus(_ query: String, _ message: String) {
        #expect(failure(query, at: 1_800_000) == "execution: " + message)
    }

    @Test(arguments: ["x_total[5m]", "\"text\"", "x_total[5m:1m]"])
    func rangeQueriesNeedScalarsOrVectors(_ query: String) throws {
        let error = #expect(throws: QueryError.self) {
            try Engine().range(query, on: EngineTests.large, start: 0, end: 60_000, step: 15_000)
        }
        #expect("\(try #require(error))".hasSuffix("for range query, must be Scalar or instant Vector"))
    }

    @Test func cancelledQueryEnds() {
        let options = QueryOptions()
        options.cancellation.cancel()
        #expect(failure("x_total", options: options) == "canceled: query was canceled in expression evaluation")
        #expect(failure("sum(x_total)", options: options) == "canceled: query was canceled in expression evaluation")
    }

    @Test func lateQueryEnds() {
        let options = QueryOptions(timeoutMs: 0)
        #expect(failure("x_total", options: options) == "timeout: query timed out in expression evaluation")
    }

    /// Kind and text of the error that an instant query ends with.
    private func failure(
        _ query: String, on storage: any Queryable = EngineTests.large, at time: Int64 = 60_000,
        options: QueryOptions = QueryOptions()
    ) -> String {
        do throws(QueryError) {
            return "answered: \(try Engine().instant(query, on: storage, at: time, options: options))"
        } catch {
            switch error {
            case .parse(let text): return "parse: \(text)"
            case .execution(let text): return "execution: \(text)"
            case .timeout(let text): return "timeout: \(text)"
            case .canceled(let text): return "canceled: \(text)"
            case .storage(let error): return "storage: \(error)"
            }
        }
    }

    /// A sum over many series holds columns for its workers and its groups, not for its series.
    @Test func aggregationsHoldNoMoreThanTheirGroups() throws {
        var options = EngineOptions()
        options.maxSamples = 12_000
        let engine = Engine(options)
        let result = try engine.range(
            "sum by (b) (rate(x_total[5m]))", on: EngineTests.large, start: 0, end: 3_600_000, step: 15_000)
        #expect(result.stats.peakSamples < 12_000)
        #expect(throws: QueryError.self) {
            try engine.range("rate(x_total[5m])", on: EngineTests.large, start: 0, end: 3_600_000, step: 15_000)
        }
    }

    @Test func statsCountWindows() throws {
        let result = try Engine().range(
            "rate(x_total[1m])", on: EngineTests.large, start: 600_000, end: 660_000, step: 30_000)
        // Three steps of windows with four samples each.
        #expect(result.stats.totalQueryableSamples == 600 * 3 * 4)
        let instant = try Engine().instant("x_total", on: EngineTests.large, at: 600_000)
        #expect(instant.stats.totalQueryableSamples == 600)
    }

    @Test(arguments: [Int64.min, Int64.min / 2, -1, 0, Int64.max / 2, Int64.max])
    func noTimeTraps(_ time: Int64) {
        for query in ["x_total", "rate(x_total[5m])", "sum_over_time(x_total[1h:1m])", "time()", "x_total offset 5m"] {
            _ = try? Engine().instant(query, on: EngineTests.large, at: time)
            _ = try? Engine().range(query, on: EngineTests.large, start: time, end: .max, step: .max)
            _ = try? Engine().range(query, on: EngineTests.large, start: .min, end: time, step: .max / 2)
        }
    }

    @Test func annotationIsKeptOnceWithItsLastPosition() throws {
        let store = MemoryStore()
        store.add(Labels([("__name__", "g")]), [(0, 1), (15_000, 2)])
        let result = try Engine().instant("rate(g[1m]) + rate(g[1m])\n+ rate(g[2m])", on: store, at: 15_000)
        #expect(
            result.infos == [
                "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"g\" (2:8)"
            ])
    }

    @Test func damagedRowsAreReported() {
        #expect(failure("sum(x)", on: BrokenStore()) == "storage: row 7")
    }
}

/// A store whose only series cannot be read.
private final class BrokenStore: Queryable, Querier, SeriesSet {
    let count = 1
    func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier { self }
    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet { self }
    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }
    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }
    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels] { [] }
    func close() {}
    func labels(_ index: Int) -> Labels { .empty }
    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) { throw .corrupted("row 7") }
}
