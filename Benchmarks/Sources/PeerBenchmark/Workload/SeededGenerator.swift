import Glibc

/// Random numbers that a seed brings back.
///
/// - Source: splitmix64, https://prng.di.unimi.it/splitmix64.c
struct SeededGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Evenly in 0..<1, with all 53 bits.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A whole number in 0..<bound.
    mutating func below(_ bound: Int) -> Int { Int(unit() * Double(bound)) }

    /// Normal with mean 0.
    /// - Source: Box and Muller 1958, one of its pair.
    mutating func normal(deviation: Double) -> Double {
        deviation * (-2 * log(1 - unit())).squareRoot() * cos(2 * .pi * unit())
    }
}
