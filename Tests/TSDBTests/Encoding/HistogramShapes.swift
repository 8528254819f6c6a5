import Model
import TestSupport

@testable import TSDB

/// Series of histograms of many kinds, for the codec.
enum HistogramShape: String, CaseIterable {
    case flat, counter, gauge, newBuckets, fractions, wholeFloats, custom, otherLayouts, specials, stale, emptySpans

    func make(_ count: Int, buckets: Int = 20, using random: inout SeededGenerator) -> [Histogram] {
        var histogram = Histogram(
            schema: 3, isFloat: self == .wholeFloats, zeroThreshold: 0x1p-128,
            positiveSpans: [.init(offset: -5, length: UInt32(buckets - 3)), .init(offset: 4, length: 3)],
            positiveBuckets: [Double](repeating: 0, count: buckets))
        if self == .custom {
            histogram.schema = Histogram.customSchema
            histogram.zeroThreshold = 0
            histogram.customValues = (0..<buckets).map { Double($0) * 0.005 + 0.1 }
            histogram.positiveSpans = [.init(offset: 0, length: UInt32(buckets))]
        }
        return (0..<count).map { _ in
            step(&histogram, using: &random)
            return self == .stale && random.chance(30)
                ? Histogram(isFloat: random.chance(50), counterReset: .gauge, sum: StaleMarker.value) : histogram
        }
    }

    private func step(_ histogram: inout Histogram, using random: inout SeededGenerator) {
        switch self {
        case .flat: break
        case .counter, .custom, .stale, .wholeFloats: grow(&histogram, using: &random)
        case .gauge:
            histogram.counterReset = .gauge
            for index in histogram.positiveBuckets.indices {
                histogram.positiveBuckets[index] = Double(Int.random(in: 0...1000, using: &random))
            }
            histogram.count = histogram.positiveBuckets.reduce(0, +)
        case .newBuckets:
            grow(&histogram, using: &random)
            if random.chance(20) { addBucket(&histogram, using: &random) }
        case .fractions:
            histogram.isFloat = true
            for index in histogram.positiveBuckets.indices where random.chance(60) {
                histogram.positiveBuckets[index] = Double.random(in: 0...10, using: &random)
            }
            histogram.count = histogram.positiveBuckets.reduce(0, +)
            histogram.sum = .random(in: -1...1, using: &random)
        case .otherLayouts: if random.chance(30) { histogram = anyHistogram(using: &random) }
        case .specials: setSpecials(&histogram, using: &random)
        case .emptySpans:
            grow(&histogram, using: &random)
            if random.chance(20) {
                histogram.positiveSpans.insert(.init(offset: 3, length: 0), at: 0)
                histogram.negativeSpans.append(.init(offset: -7, length: 0))
            }
        }
    }

    private func grow(_ histogram: inout Histogram, using random: inout SeededGenerator) {
        let middle = histogram.positiveBuckets.count / 2
        for index in histogram.positiveBuckets.indices {
            let rate = 1000 >> min(abs(index - middle), 12)
            histogram.positiveBuckets[index] += Double(Int.random(in: 0...rate, using: &random))
        }
        histogram.count = histogram.positiveBuckets.reduce(histogram.zeroCount, +)
        histogram.sum += random.chance(50) ? 17 : Double.random(in: 0...100, using: &random)
    }

    private func addBucket(_ histogram: inout Histogram, using random: inout SeededGenerator) {
        histogram.positiveSpans[0].offset -= 1
        histogram.positiveSpans[0].length += 1
        histogram.positiveBuckets.insert(1, at: 0)
        histogram.negativeSpans = [.init(offset: .random(in: -9...9, using: &random), length: 2)]
        histogram.negativeBuckets = [1, 2]
    }

    private func anyHistogram(using random: inout SeededGenerator) -> Histogram {
        func spans(_ random: inout SeededGenerator) -> [Histogram.Span] {
            (0..<Int.random(in: 0...4, using: &random)).map { _ in
                .init(
                    offset: [Int32.min, -1, 0, 1, 100, .max].randomElement(using: &random) ?? 0,
                    length: .random(in: 0...5, using: &random))
            }
        }
        var histogram = Histogram(
            schema: .random(in: .min ... .max, using: &random), isFloat: random.chance(50),
            counterReset: Histogram.CounterReset.allCases.randomElement(using: &random) ?? .unknown,
            positiveSpans: spans(&random), negativeSpans: spans(&random))
        histogram.positiveBuckets = histogram.positiveSpans.flatMap { [Double](repeating: 3, count: Int($0.length)) }
        histogram.negativeBuckets = histogram.negativeSpans.flatMap { [Double](repeating: 0, count: Int($0.length)) }
        setSpecials(&histogram, using: &random)
        return histogram
    }

    /// Sets every double to bits that are easily got wrong, or all counts to whole numbers at the limits.
    private func setSpecials(_ histogram: inout Histogram, using random: inout SeededGenerator) {
        let limits: [Double] = [0, 1, -1, 9_007_199_254_740_991, -9_007_199_254_740_991, 4_503_599_627_370_496]
        let isWhole = random.chance(50)
        func number(_ random: inout SeededGenerator) -> Double {
            let bits = SampleShape.specialBits.randomElement(using: &random) ?? 0
            if isWhole { return limits.randomElement(using: &random) ?? 0 }
            return Double(bitPattern: bits == StaleMarker.bitPattern ? 5 : bits)
        }
        histogram.zeroCount = number(&random)
        histogram.count = number(&random)
        histogram.sum = number(&random)
        histogram.zeroThreshold = number(&random)
        histogram.customValues = (0..<Int.random(in: 0...2, using: &random)).map { _ in number(&random) }
        for index in histogram.positiveBuckets.indices { histogram.positiveBuckets[index] = number(&random) }
        for index in histogram.negativeBuckets.indices { histogram.negativeBuckets[index] = number(&random) }
    }
}

/// A histogram that is equal where all bits are.
struct HistogramBits: Equatable {
    private let histogram: Histogram
    private let doubles: [UInt64]

    init(_ source: Histogram) {
        doubles =
            ([source.zeroThreshold, source.zeroCount, source.count, source.sum] + source.positiveBuckets
            + source.negativeBuckets + source.customValues).map(\.bitPattern)
        histogram = Histogram(
            schema: source.schema, isFloat: source.isFloat, counterReset: source.counterReset,
            positiveSpans: source.positiveSpans, negativeSpans: source.negativeSpans,
            positiveBuckets: source.positiveBuckets.map { _ in 0 },
            negativeBuckets: source.negativeBuckets.map { _ in 0 }, customValues: source.customValues.map { _ in 0 })
    }
}
