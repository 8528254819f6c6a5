import Model
import TestSupport
import Testing

@testable import PromQL

/// A range query walks each series once and carries state from step to step. What it gives must be what evaluating the
/// expression at each step by itself gives.
@Suite struct StepwiseTests {
    static let queries = [
        "x", "x offset 45s", "x offset -45s", "x @ 500", "timestamp(x)", "x smoothed",
        "rate(x[R])", "increase(x[R])", "delta(x[R])", "irate(x[R])", "idelta(x[R])", "deriv(x[R])",
        "rate(x[R] anchored)", "increase(x[R] smoothed)", "changes(x[R] anchored)", "resets(x[R] anchored)",
        "predict_linear(x[R], 60)", "predict_linear(x[R] @ 400, 60)", "changes(x[R])", "resets(x[R])",
        "avg_over_time(x[R])", "sum_over_time(x[R])", "count_over_time(x[R])", "min_over_time(x[R])",
        "max_over_time(x[R])", "last_over_time(x[R])", "first_over_time(x[R])", "present_over_time(x[R])",
        "stddev_over_time(x[R])", "stdvar_over_time(x[R])", "mad_over_time(x[R])",
        "quantile_over_time(0.3, x[R])", "quantile_over_time(time() % 2 / 2, x[R])",
        "ts_of_min_over_time(x[R])", "ts_of_max_over_time(x[R])", "ts_of_first_over_time(x[R])",
        "ts_of_last_over_time(x[R])", "double_exponential_smoothing(x[R], 0.5, 0.3)", "absent_over_time(x[R])",
        "max_over_time(rate(x[R])[5m:30s])", "sum_over_time((x > 20)[R:15s] offset 10s)", "rate(x[R] offset 20s)",
        "sum by (a) (x)", "avg without (b) (x)", "min by (a) (x)", "max(x)", "count by (b) (x)", "stddev by (a) (x)",
        "stdvar(x)", "group by (a) (x)", "quantile by (a) (0.4, x)", "count_values by (a) (\"v\", floor(x / 50))",
        "topk(2, x)", "bottomk by (a) (1, x)", "limitk(2, x)", "limit_ratio(0.5, x)", "topk(time() % 4, x)",
        "sum(rate(x[R]))", "x + x", "x * on (a, b) x", "x > on (a, b) group_left y", "x / on (a) group_left y",
        "y * on (a) group_right x", "x and x > 50", "x unless x > 50", "x > 50 or y", "x == bool 3", "-x",
        "x % 7", "2 ^ (x / 100)", "x atan2 y", "x + on (a) group_left fill(3) y", "x >= 10", "10 < x",
        "clamp(x, 10, 20)", "round(x, 5)", "absent(x > 90)", "scalar(x{a=\"0\", b=\"0\"}) + x", "hour(x)",
        "label_replace(x, \"c\", \"z$1\", \"b\", \"(.*)\")", "label_join(x, \"c\", \"-\", \"a\", \"b\")",
        "histogram_quantile(0.6, h)", "histogram_fraction(1, 4, h)", "abs(x - 50)", "time() - x", "vector(time())",
        "info(x, {__name__=\"y\"})", "sgn(x)", "days_in_month(x * 1e6)",
    ]

    @Test(arguments: [1, 2, 3])
    func rangeEqualsInstants(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = randomStore(&random)
        for query in StepwiseTests.queries {
            for (range, step) in [("35s", 60), ("2m", 20), ("7m", 13), ("20m", 30)] as [(String, Int64)] {
                if range != "35s", !query.contains("R") { continue }
                try check(query.replacing("R", with: range), step * 1000, store, seed)
            }
        }
    }

    private func check(_ query: String, _ step: Int64, _ store: MemoryStore, _ seed: UInt64) throws {
        var engine = Engine()
        let (start, end): (Int64, Int64) = (120_007, 1_500_000)
        // An instant query's `start()` and the like are its own; the queries here do without.
        let whole: QueryResult
        do throws(QueryError) {
            whole = try engine.range(query, on: store, start: start, end: end, step: step)
        } catch {
            return #expect(Bool(false), "\(query), seed \(seed): \(error)")
        }
        guard case .matrix(let matrix) = whole.value else { return #expect(Bool(false), "\(query): no matrix") }
        var points: [Labels: [Int64: Double]] = [:]
        for series in matrix {
            points[series.labels] = Dictionary(uniqueKeysWithValues: zip(series.timestamps, series.values))
        }
        engine = Engine()
        for time in stride(from: start, through: end, by: Int(step)).map({ Int64($0) }) {
            guard case .vector(let vector) = try engine.instant(query, on: store, at: time).value else {
                return #expect(Bool(false), "\(query): no vector")
            }
            for sample in vector {
                let other = points[sample.labels]?.removeValue(forKey: time)
                #expect(
                    other.map { isClose($0, sample.value) } ?? false,
                    "\(query) step \(step) seed \(seed) at \(time): \(sample.labels) \(sample.value), range \(other ?? -1)"
                )
            }
        }
        let left = points.filter { !$0.value.isEmpty }
        #expect(left.isEmpty, "\(query) step \(step) seed \(seed): only the range query has \(left)")
    }

    private func isClose(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        return a == b || (a - b).magnitude <= 1e-11 * max(a.magnitude, b.magnitude, 1)
    }

    /// Six series `x`, a `y` for each value of `a`, and the classic histogram `h`, with gaps, resets, staleness markers
    /// and the odd NaN and infinity.
    private func randomStore(_ random: inout SeededGenerator) -> MemoryStore {
        let store = MemoryStore()
        for a in 0..<3 {
            for b in 0..<2 {
                store.add(
                    Labels([("__name__", "x"), ("a", "\(a)"), ("b", "\(b)")]), randomSamples(&random, kind: a * 2 + b))
            }
            store.add(Labels([("__name__", "y"), ("a", "\(a)")]), randomSamples(&random, kind: 1))
        }
        for bound in ["1", "2.5", "5", "+Inf"] {
            store.add(Labels([("__name__", "h"), ("le", bound)]), randomSamples(&random, kind: 0))
        }
        return store
    }

    private func randomSamples(_ random: inout SeededGenerator, kind: Int) -> [(time: Int64, value: Double)] {
        var samples: [(time: Int64, value: Double)] = []
        var time: Int64 = 0
        var value = 0.0
        while time < 1_600_000 {
            time +=
                Int.random(in: 0..<40, using: &random) == 0 ? 400_000 : Int64.random(in: 4000...16_000, using: &random)
            switch kind {
            case 0: value += Double.random(in: 0...3, using: &random)
            case 1: value = Double(Int.random(in: 0...100, using: &random))
            case 2: value = Int.random(in: 0..<3, using: &random) == 0 ? 0 : value + 7
            case 3: value = Double.random(in: -100...100, using: &random)
            case 4:
                value =
                    Int.random(in: 0..<15, using: &random) == 0 ? .nan : Double(Int.random(in: 0...4, using: &random))
            default:
                value =
                    Int.random(in: 0..<30, using: &random) == 0 ? .infinity : Double.random(in: 0...1, using: &random)
            }
            let isStale = Int.random(in: 0..<25, using: &random) == 0
            samples.append((time, isStale ? StaleMarker.value : value))
        }
        return samples
    }
}
