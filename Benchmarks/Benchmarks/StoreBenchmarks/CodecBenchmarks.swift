import Benchmark
import Model
@_spi(Benchmarks) import TSDB

/// Values of one series as GPUs' metrics have them.
private enum Shape: String, CaseIterable {
    case flat = "flat gauge"
    case bursty = "bursty 0–100 gauge"
    case power = "3-decimal power"
    case bigSteps = "counter, big steps"
    case smallSteps = "counter, small steps"
    case mantissas = "full mantissas"

    /// Eight hours of 15 s, a block's row.
    static let count = 1920

    func samples() -> SampleBuffer {
        var random = CodecRandom()
        let buffer = SampleBuffer()
        var counter = 1e9
        var isBusy = true
        for index in 0..<Shape.count {
            if random.below(1000) < 4 { isBusy.toggle() }
            // A fiftieth of the scrapes is late.
            let late = random.below(50) == 0 ? Int64(3 + random.below(37)) : 0
            let value: Double
            switch self {
            case .flat: value = 80
            case .bursty: value = isBusy ? Double(85 + random.below(15)) : 0
            case .power: value = (isBusy ? 600 : 70) + Double(random.below(40_000)) / 1000
            case .bigSteps:
                counter += Double(isBusy ? 9_000_000 + random.below(1_000_000) : 1_000_000 + random.below(60_000))
                value = counter
            case .smallSteps:
                counter += Double(random.below(8))
                value = counter
            case .mantissas: value = Double(random.below(1 << 52)) / 7
            }
            buffer.append(1_767_225_600_000 + Int64(index) * PodData.intervalMs + late, value)
        }
        return buffer
    }
}

private struct CodecRandom {
    private var state: UInt64 = 7

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 11) % UInt64(bound))
    }
}

/// A latency's histogram of 24 buckets to which each sample adds some.
private func histograms() -> SampleBuffer {
    var random = CodecRandom()
    let buffer = SampleBuffer()
    var buckets = [Double](repeating: 0, count: 24)
    for index in 0..<240 {
        for _ in 0..<20 { buckets[(random.below(24) + random.below(24)) / 2] += 1 }
        let count = buckets.reduce(0, +)
        buffer.append(
            1_767_225_600_000 + Int64(index) * PodData.intervalMs,
            Histogram(
                schema: 3, isFloat: false, count: count, sum: count * 0.37,
                positiveSpans: [.init(offset: -8, length: 24)], positiveBuckets: buckets))
    }
    return buffer
}

/// Each encoding on each shape; the name says how many bytes a sample takes, the time is that of so many samples.
func addCodecBenchmarks() {
    for shape in Shape.allCases {
        add(.xor, shape.samples(), shape.rawValue)
        add(.sealed, shape.samples(), shape.rawValue)
    }
    add(.times, Shape.flat.samples(), "scrapes, some late")
    add(.histograms, histograms(), "24 buckets")
}

private func add(_ codec: Codec, _ samples: SampleBuffer, _ data: String) {
    let encoded = codec.encode(samples)
    let perSample = Double(encoded.byteCount * 1000 / samples.count) / 1000
    let name = "\(codec.rawValue), \(data): \(samples.count) samples, \(perSample) bytes each"
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock], scalingFactor: .kilo, maxDuration: .seconds(1), maxIterations: 20)
    let samples = UncheckedBuffer(buffer: samples)
    Benchmark("encode \(name)", configuration: configuration) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(codec.encode(samples.buffer)) }
    }
    Benchmark("decode \(name)", configuration: configuration) { benchmark in
        let buffer = SampleBuffer()
        for _ in benchmark.scaledIterations {
            buffer.removeAll()
            blackHole(try codec.decode(encoded, into: buffer))
        }
    }
}

/// Carries a buffer that nobody changes into the benchmarks' closures.
private struct UncheckedBuffer: @unchecked Sendable {
    // SAFETY: it is only read after it was made.
    let buffer: SampleBuffer
}
