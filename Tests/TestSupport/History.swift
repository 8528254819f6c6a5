import Glibc
import Model

/// Half a day of samples of every kind that Prometheus stores, up to a few minutes ago, the same for each seed.
public struct History: Sendable {
    public static let stepMs: Int64 = 30_000
    public let start: Int64
    public let end: Int64
    public let series: [WrittenSeries]

    /// - Parameter hours: how much there is.
    public init(hours: Int64 = 13, seed: UInt64 = 7) {
        let now = Int64(time(nil)) * 1000
        let end = (now - 300_000) / History.stepMs * History.stepMs
        let start = end - hours * 3_600_000
        var random = SeededGenerator(seed: seed)
        let times = Array(stride(from: start, through: end, by: Int(History.stepMs)).map { Int64($0) })
        self.start = start
        self.end = end
        series = floatSeries(times, &random) + histogramSeries(times, &random)
    }

    public var sampleCount: Int { series.reduce(0) { $0 + $1.samples.count } }
}

private func floatSeries(_ times: [Int64], _ random: inout SeededGenerator) -> [WrittenSeries] {
    var all: [WrittenSeries] = []
    for gpu in 0..<4 {
        let labels = { (name: String) -> Labels in
            ["__name__": name, "gpu": "\(gpu)", "instance": "pod-\(gpu % 2):9400", "job": "dcgm"]
        }
        var walk = 50.0
        var total = Double(gpu) * 1e9
        var gauge: [(Int64, WrittenSample)] = []
        var counter: [(Int64, WrittenSample)] = []
        var exact: [(Int64, WrittenSample)] = []
        for (index, time) in times.enumerated() {
            walk = min(max(walk + Double.random(in: -5...5, using: &random).rounded(), 0), 100)
            gauge.append((time, .float(walk)))
            total = index % 1500 == 1499 ? 0 : total + Double.random(in: 0...300, using: &random).rounded()
            counter.append((time + Int64.random(in: -3...3, using: &random), .float(total)))
            exact.append((time, .float(Double.random(in: -1...1, using: &random))))
        }
        all.append(WrittenSeries(labels("DCGM_FI_DEV_GPU_UTIL"), gauge))
        all.append(WrittenSeries(labels("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"), counter))
        all.append(WrittenSeries(labels("noise"), exact))
    }
    all.append(WrittenSeries(["__name__": "constant", "job": "ünï\"code\\\n"], times.map { ($0, .float(42.5)) }))
    all.append(oddSeries(times, &random))
    // Series that come and go, each ended by a staleness marker.
    for pod in 0..<12 {
        let part = times.count / 12
        var samples = times[pod * part..<(pod + 1) * part - 40].map { ($0, WrittenSample.float(Double(pod))) }
        samples.append((samples[samples.count - 1].0 + History.stepMs, .float(StaleMarker.value)))
        all.append(WrittenSeries(["__name__": "up", "instance": "pod-\(pod):9400", "job": "dcgm"], samples))
    }
    return all
}

/// A series with every odd value, and with gaps.
private func oddSeries(_ times: [Int64], _ random: inout SeededGenerator) -> WrittenSeries {
    let odd: [Double] = [
        .ordinaryNaN, .infinity, -.infinity, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.1,
        StaleMarker.value,
    ]
    let samples = times.filter { _ in Int.random(in: 0..<10, using: &random) < 7 }.map {
        ($0, WrittenSample.float(odd[Int.random(in: 0..<odd.count, using: &random)]))
    }
    return WrittenSeries(["__name__": "odd", "job": "odd"], samples)
}

private func histogramSeries(_ times: [Int64], _ random: inout SeededGenerator) -> [WrittenSeries] {
    var all: [WrittenSeries] = []
    for (name, isFloat, schema) in [
        ("latency", false, Int8(2)), ("latency_float", true, 0), ("latency_custom", false, Histogram.customSchema),
        ("latency_custom_float", true, Histogram.customSchema),
    ] {
        var buckets: [Int: Double] = [:]
        var samples: [(Int64, WrittenSample)] = []
        for (index, time) in times.enumerated() {
            if index % 900 == 899 { buckets = [:] }
            if index % 700 == 699 {
                samples.append((time, .histogram(Histogram(isFloat: isFloat, sum: StaleMarker.value))))
                continue
            }
            for _ in 0..<3 {
                let bucket = Int.random(in: schema == Histogram.customSchema ? 0...4 : -6...9, using: &random)
                buckets[bucket, default: 0] += isFloat ? 0.5 : 1
            }
            samples.append((time, .histogram(makeHistogram(buckets, schema: schema, isFloat: isFloat))))
        }
        all.append(WrittenSeries(["__name__": name, "job": "histograms"], samples))
    }
    // One that goes up and down, and one that was a float before.
    let gauge = times.map { time -> (Int64, WrittenSample) in
        var histogram = makeHistogram([Int.random(in: 0...3, using: &random): 5], schema: 1, isFloat: false)
        histogram.counterReset = .gauge
        return (time, .histogram(histogram))
    }
    all.append(WrittenSeries(["__name__": "sizes", "job": "histograms"], gauge))
    let mixed = times.enumerated().map { index, time -> (Int64, WrittenSample) in
        index < times.count / 2 ? (time, .float(Double(index))) : gauge[index]
    }
    all.append(WrittenSeries(["__name__": "mixed", "job": "histograms"], mixed))
    return all
}

/// A histogram with observations in the buckets of these indices, and where its schema has them in the zero bucket and
/// two negative ones.
public func makeHistogram(
    _ buckets: [Int: Double], schema: Int8, isFloat: Bool, bounds: [Double] = [0.005, 0.1, 2.5, 1.0 / 3 + 3]
) -> Histogram {
    var histogram = Histogram(schema: schema, isFloat: isFloat)
    let isCustom = schema == Histogram.customSchema
    if isCustom {
        histogram.customValues = bounds
    } else {
        histogram.zeroThreshold = 1e-128
        histogram.zeroCount = 2
    }
    var next = 0
    for (bucket, count) in buckets.sorted(by: { $0.key < $1.key }) {
        let gap = bucket - next
        if gap == 0, !histogram.positiveSpans.isEmpty {
            histogram.positiveSpans[histogram.positiveSpans.count - 1].length += 1
        } else {
            histogram.positiveSpans.append(.init(offset: Int32(gap), length: 1))
        }
        next = bucket + 1
        histogram.positiveBuckets.append(count)
        histogram.sum += count * Double(bucket)
    }
    if !isCustom {
        histogram.negativeSpans = [.init(offset: 1, length: 2)]
        histogram.negativeBuckets = [1, 3]
    }
    histogram.count = histogram.zeroCount + (histogram.positiveBuckets + histogram.negativeBuckets).reduce(0, +)
    return histogram
}
