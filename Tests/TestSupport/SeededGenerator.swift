import Glibc

/// Random numbers that a seed brings back.
///
/// - Source: splitmix64, https://prng.di.unimi.it/splitmix64.c
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension SeededGenerator {
    /// One of 0 ..< `bound`.
    public mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    /// Whether something happens that does so `percent` times in a hundred.
    public mutating func chance(_ percent: Int) -> Bool { number(100) < percent }

    public mutating func pick<Value>(_ values: [Value]) -> Value { values[number(values.count)] }
}

private let runSeed: UInt64 = {
    let seed =
        getenv("TSDB_SEED").flatMap { UInt64(String(cString: $0)) }
        ?? (isSlowRun ? UInt64.random(in: 0...UInt64.max) : 1)
    print("TSDB_SEED=\(seed)")
    return seed
}()

/// The seed of this run: in `make test` always the same, in `make test-slow` random, and always what the environment's
/// `TSDB_SEED` says. It is printed at its first use, so that a failure can be repeated.
public func makeSeed() -> UInt64 { runSeed }
