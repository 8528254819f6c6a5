/// A small generator whose whole state is its seed, so that a simulation replays.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return finalised(state)
    }
}

/// One number from several: the same for the same, and unlike for like ones.
func mixed(_ parts: UInt64...) -> UInt64 {
    parts.reduce(0x9E37_79B9_7F4A_7C15) { finalised($0 ^ finalised($1 &+ 0x9E37_79B9_7F4A_7C15)) }
}

private func finalised(_ value: UInt64) -> UInt64 {
    var mix = value
    mix = (mix ^ (mix >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mix = (mix ^ (mix >> 27)) &* 0x94D0_49BB_1331_11EB
    return mix ^ (mix >> 31)
}
