import Model
import TestSupport

/// Random series of every kind, the same for each seed: three quarters of an hour, so that Prometheus takes it in any
/// order.
///
/// Values are small multiples of a quarter, of which sums are exact in any order: what differs is then no noise.
struct GeneratedData {
    static let start: Int64 = 1_700_000_100_000
    static let end = start + 2_700_000

    /// Sorted by labels.
    let series: [WrittenSeries]

    init(seed: UInt64) {
        var maker = SeriesMaker(random: SeededGenerator(seed: seed))
        maker.addFloats()
        maker.addClassicHistograms()
        maker.addNativeHistograms()
        maker.addInfo()
        series = maker.series.sorted { $0.labels < $1.labels }
    }
}

private struct SeriesMaker {
    typealias Samples = [(time: Int64, sample: WrittenSample)]

    var random: SeededGenerator
    var series: [WrittenSeries] = []

    /// The targets that most metrics are of.
    private static let targets: [[(name: String, value: String)]] = ["api", "db"].flatMap { job in
        ["x:1", "y:2"].map { [("job", job), ("instance", $0)] }
    }

    private mutating func add(_ name: String, _ labels: [(name: String, value: String)], _ samples: Samples) {
        if samples.isEmpty { return }
        series.append(WrittenSeries(Labels(labels + [(name: "__name__", value: name)]), samples))
    }

    // MARK: Times

    /// A sample every 10, 15 or 30 s, with gaps in some.
    private mutating func times(gaps: Bool = false, jitter: Int = 0) -> [Int64] {
        let interval = Int64(random.pick([10_000, 15_000, 15_000, 30_000]))
        let first = GeneratedData.start + Int64(random.number(3)) * 5_000
        var result: [Int64] = []
        var hole: Int64 = 0
        for time in stride(from: first, through: GeneratedData.end, by: Int(interval)) {
            if gaps, random.chance(4) { hole = time + Int64(random.number(480_000)) }
            if time < hole { continue }
            result.append(jitter == 0 ? time : time + Int64(random.number(jitter)))
        }
        return result
    }

    private mutating func quarter(_ bound: Int) -> Double { Double(random.number(bound)) / 4 }

    /// `times` with what `value` makes of each; where there is a gap, half of the time with a staleness marker before.
    private mutating func samples(
        _ times: [Int64], stale: WrittenSample = .float(StaleMarker.value),
        _ value: (inout SeededGenerator) -> WrittenSample
    ) -> Samples {
        var result: Samples = []
        for time in times {
            if let last = result.last, time - last.time > 60_000, random.chance(50) {
                result.append((last.time + 15_000, stale))
            }
            result.append((time, value(&random)))
        }
        return result
    }

    // MARK: Floats

    mutating func addFloats() {
        for target in SeriesMaker.targets {
            for zone in ["1", "2"] {
                add("temperature", target + [("zone", zone)], gauge(times()))
                if random.chance(80) { add("pressure", target + [("zone", zone)], gauge(times(gaps: true))) }
            }
            for code in ["200", "404", "500"] where random.chance(85) {
                add("requests_total", target + [("code", code)], counter(times(gaps: code == "404", jitter: 3)))
            }
            add("errors_total", target, counter(times(gaps: true)))
            add("up", target, samples(times(gaps: true)) { .float(Double($0.number(2))) })
            if random.chance(70) { add("odd", target, odd(times(gaps: true))) }
        }
        for zone in ["eu", "us"] { add("dotted.name", [("job", "api"), ("net.zone", zone)], gauge(times())) }
    }

    private mutating func gauge(_ times: [Int64]) -> Samples {
        var value = quarter(400) - 20
        return samples(times) { random in
            if random.chance(70) { value += Double(random.number(41) - 20) / 4 }
            return .float(value)
        }
    }

    private mutating func counter(_ times: [Int64]) -> Samples {
        var value = quarter(4000)
        return samples(times) { random in
            value = random.chance(3) ? Double(random.number(8)) : value + Double(random.number(60)) / 4
            return .float(value)
        }
    }

    private mutating func odd(_ times: [Int64]) -> Samples {
        let values: [Double] = [.ordinaryNaN, .infinity, -.infinity, -0.0, 0, 1, -1, 0.5, 1_700_000_000, 1e15]
        return samples(times) { .float($0.pick(values)) }
    }

    // MARK: Histograms

    mutating func addClassicHistograms() {
        for target in SeriesMaker.targets where random.chance(70) {
            let times = times(gaps: random.chance(30))
            let bounds = ["0.1", "0.5", "1", "2.5"] + (random.chance(90) ? ["+Inf"] : [])
            var totals = bounds.map { _ in 0.0 }
            var rows: [[Double]] = []
            for _ in times {
                if random.chance(2) { totals = totals.map { _ in 0 } }
                var added = 0.0
                for index in totals.indices {
                    added += Double(random.number(5))
                    totals[index] += added
                }
                rows.append(totals)
            }
            for (index, bound) in bounds.enumerated() {
                let samples = zip(times, rows).map { (time: $0, sample: WrittenSample.float($1[index])) }
                add("latency_bucket", target + [("le", bound)], samples)
            }
            add("latency_count", target, zip(times, rows).map { ($0, .float($1.last ?? 0)) })
            add("latency_sum", target, zip(times, rows).map { ($0, .float(($1.last ?? 0) * 0.75)) })
        }
    }

    mutating func addNativeHistograms() {
        for target in SeriesMaker.targets where random.chance(75) {
            add("size", target, native(schema: Int8(random.pick([0, 1, 2])), isFloat: false))
            add("size_float", target, native(schema: Int8(random.pick([-1, 0, 3])), isFloat: true))
            add("size_custom", target, native(schema: Histogram.customSchema, isFloat: random.chance(50)))
            add("size_gauge", target, native(schema: 0, isFloat: false, isGauge: true))
            let histograms = native(schema: 1, isFloat: false)
            let mixed = histograms.map { one in
                random.chance(40) ? (time: one.time, sample: .float(quarter(40))) : one
            }
            add("size_mixed", target, mixed)
        }
    }

    private mutating func native(schema: Int8, isFloat: Bool, isGauge: Bool = false) -> Samples {
        let isCustom = schema == Histogram.customSchema
        var buckets: [Int: Double] = [:]
        let stale = WrittenSample.histogram(Histogram(isFloat: isFloat, sum: StaleMarker.value))
        let times = times(gaps: random.chance(50))
        return samples(times, stale: stale) { random in
            if isGauge || random.chance(2) { buckets = [:] }
            // Without any, its zero bucket is below zero, unless Prometheus's chunk gives it empty buckets of others.
            for _ in 0..<(buckets.isEmpty ? 1 : 0) + random.number(4) {
                let bucket = isCustom ? random.number(4) : random.number(12) - 4
                buckets[bucket, default: 0] += isFloat ? 0.5 : 1
            }
            var histogram = makeHistogram(buckets, schema: schema, isFloat: isFloat, bounds: [0.5, 1, 5])
            if isGauge { histogram.counterReset = .gauge }
            return .histogram(histogram)
        }
    }

    // MARK: Info

    mutating func addInfo() {
        for target in SeriesMaker.targets {
            // Two versions, the second of which takes the first one's place.
            let times = times()
            let cut = random.number(times.count)
            let region = random.pick(["north", "south"])
            for (version, part) in [("v1", times[..<cut]), ("v2", times[cut...])] {
                var samples: Samples = part.map { ($0, .float(1)) }
                if version == "v1", cut > 0, random.chance(80) {
                    samples.append((times[cut], .float(StaleMarker.value)))
                }
                add("target_info", target + [("version", version), ("region", region)], samples)
            }
            add("build_info", target + [("version", random.pick(["v1", "v2"]))], times.map { ($0, .float(1)) })
        }
    }
}
