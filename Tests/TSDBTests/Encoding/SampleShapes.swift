import Model
import TestSupport

@testable import TSDB

/// Series of samples of many kinds, for the codecs.
enum SampleShape: String, CaseIterable {
    case flat, counter, gauge, decimals, randomBits, specials, jitter, extremeTimes, gaps, stale, strays
    /// Shaped as a GPU's metrics are: busy and idle stretches of several levels, an integral of one, rare changes, real
    /// doubles.
    case stretches, energy, steps, reals

    /// Bit patterns that are easily got wrong.
    static let specialBits: [UInt64] = [
        0, 1 << 63, 1, Double.infinity.bitPattern, (-Double.infinity).bitPattern, StaleMarker.bitPattern,
        Double.ordinaryNaN.bitPattern, 0x7ff4_0000_0000_dead, 0xffff_ffff_ffff_ffff, Double.pi.bitPattern,
        Double.greatestFiniteMagnitude.bitPattern, Double.leastNonzeroMagnitude.bitPattern, (0.1).bitPattern,
        (-0.3).bitPattern, (9_007_199_254_740_991.0).bitPattern, (9_007_199_254_740_993.0).bitPattern,
        (1e300).bitPattern, (123_456.789).bitPattern, (1e-9).bitPattern,
    ]

    func make(_ count: Int, using random: inout SeededGenerator) -> [Sample] {
        var time = Int64.random(in: -1_000_000_000_000...2_000_000_000_000, using: &random)
        var value = Double(Int.random(in: 0...1000, using: &random))
        var level = 0.0
        if self == .extremeTimes { return extreme(count, using: &random) }
        return (0..<count).map { _ in
            defer { time += step(using: &random) }
            switch self {
            case .flat, .jitter, .gaps, .extremeTimes: break
            case .stretches, .energy:
                if random.chance(1) { level = level > 0 ? 0 : Double(Int.random(in: 1...5, using: &random)) * 100_000 }
                let noise =
                    level > 0 ? Int.random(in: 0...9000, using: &random) : Int.random(in: 0...40, using: &random)
                if self == .stretches {
                    value = (level + Double(noise)) / 1000
                } else {
                    value += (level + Double(noise)) * 15
                }
            case .steps: if random.chance(3) { value = Double(Int.random(in: 0...80_000, using: &random)) }
            case .reals: value = 0.01 + Double.random(in: 0..<1e-3, using: &random)
            case .counter: value += Double(Int.random(in: 0...100_000, using: &random))
            case .gauge: value = Double(Int.random(in: 0...100, using: &random))
            case .decimals: value = Double(Int.random(in: -500_000...500_000, using: &random)) / 1000
            case .randomBits: value = Double(bitPattern: .random(in: 0...UInt64.max, using: &random))
            case .specials: value = Double(bitPattern: SampleShape.specialBits.randomElement(using: &random) ?? 0)
            case .strays:
                let isStray = random.chance(4)
                value =
                    isStray
                    ? Double(bitPattern: .random(in: 0...UInt64.max, using: &random))
                    : Double(Int.random(in: 0...9, using: &random))
            case .stale: value = random.chance(10) ? StaleMarker.value : Double(Int.random(in: 0...9, using: &random))
            }
            return Sample(time, value)
        }
    }

    private func step(using random: inout SeededGenerator) -> Int64 {
        switch self {
        case .jitter: 15_000 + Int64.random(in: -3...3, using: &random)
        case .gaps: [1, 15_000, 15_001, 1_000_000, 10_000_000_000].randomElement(using: &random) ?? 1
        default: 15_000
        }
    }

    private func extreme(_ count: Int, using random: inout SeededGenerator) -> [Sample] {
        var times: Set<Int64> = [.min, .max, 0, -1, 1, .min + 1, .max - 1]
        while times.count < count { times.insert(.random(in: .min ... .max, using: &random)) }
        return times.sorted().prefix(count).map { Sample($0, Double($0 % 100)) }
    }
}
