import Glibc
import Model
import TestSupport
import Testing

@testable import PromQL

/// What a range function costs grows with samples and steps, not with their product: windows of an hour, in each of
/// which lie twelve times as many samples, cost about what windows of five minutes do.
@Suite(.serialized) struct GrowthTests {
    static let functions = [
        "rate(x[R])", "increase(x[R])", "delta(x[R])", "irate(x[R])", "idelta(x[R])", "deriv(x[R])",
        "predict_linear(x[R], 60)", "double_exponential_smoothing(x[R], 0.3, 0.2)", "changes(x[R])", "resets(x[R])",
        "avg_over_time(x[R])", "sum_over_time(x[R])", "count_over_time(x[R])", "min_over_time(x[R])",
        "max_over_time(x[R])", "last_over_time(x[R])", "first_over_time(x[R])", "present_over_time(x[R])",
        "stddev_over_time(x[R])", "stdvar_over_time(x[R])", "mad_over_time(x[R])", "quantile_over_time(0.9, x[R])",
        "ts_of_min_over_time(x[R])", "ts_of_max_over_time(x[R])", "ts_of_first_over_time(x[R])",
        "ts_of_last_over_time(x[R])", "absent_over_time(x[R])", "rate(x[R] anchored)", "increase(x[R] smoothed)",
        "resets(x[R] anchored)",
    ]

    /// Where it matters what the series is like.
    static let others = [
        ("ts_of_min_over_time(x[R])", "rising"), ("ts_of_max_over_time(x[R])", "falling"), ("rate(x[R])", "sawtooth"),
        ("increase(x[R] smoothed)", "sawtooth"), ("deriv(x[R])", "rising"), ("mad_over_time(x[R])", "sawtooth"),
    ]

    @Test(arguments: functions.map { ($0, "noise") } + others)
    func longWindowsCostWhatShortOnesDo(_ function: String, _ kind: String) throws {
        let query = function.replacing("x[", with: "\(kind)[")
        let short = try seconds(query.replacing("[R]", with: "[5m]"))
        let long = try seconds(query.replacing("[R]", with: "[1h]"))
        #expect(long < 2 * short, "\(query): \(long / short) times as much")
    }

    /// The time of this thread that a query of six hours takes, the least of several tries.
    private func seconds(_ query: String) throws -> Double {
        var options = EngineOptions()
        options.workers = 1
        let engine = Engine(options)
        let expr = try parse(query)
        var least = Double.infinity
        for _ in 0..<tries(3, slow: 10) {
            let began = threadSeconds()
            _ = try engine.range(expr, on: ColumnStore(), start: 3_600_000, end: 25_200_000, step: 15_000)
            least = min(least, threadSeconds() - began)
        }
        return least
    }

    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Series with a sample each 15 seconds, which are read as fast as they are copied.
private final class ColumnStore: Queryable, Querier {
    private static let times = (0..<1700).map { Int64($0) * 15_000 }
    private static let columns: [String: [Double]] = [
        "rising": times.indices.map { Double($0) * 1.5 }, "falling": times.indices.map { -Double($0) },
        "noise": times.indices.map { (index: Int) -> Double in Double(index * 7919 % 1009) },
        "sawtooth": times.indices.map { Double($0 % 50) },
    ]

    func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier { self }
    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }
    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }
    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels] { [] }
    func close() {}

    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet {
        let name = matchers[0].value
        let first = ColumnStore.times.firstIndex { $0 >= hints.minTime } ?? ColumnStore.times.count
        let end = ColumnStore.times.firstIndex { $0 > hints.maxTime } ?? ColumnStore.times.count
        return Run(name: name, times: ColumnStore.times[first..<end], values: ColumnStore.columns[name]![first..<end])
    }

    private struct Run: SeriesSet {
        let name: String
        let times: ArraySlice<Int64>
        let values: ArraySlice<Double>
        let count = 1

        func labels(_ index: Int) -> Labels { ["__name__": name] }

        func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
            buffer.reserve(times.count)
            times.withUnsafeBufferPointer { buffer.timestamps.update(from: $0.baseAddress!, count: $0.count) }
            values.withUnsafeBufferPointer { buffer.values.update(from: $0.baseAddress!, count: $0.count) }
            buffer.count = times.count
        }
    }
}
