import Model

/// SplitMix64: a run repeats from its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Labels as a dictionary literal.
func makeLabels(_ pairs: KeyValuePairs<String, String>) -> Labels {
    Labels(pairs.map { (name: $0.key, value: $0.value) })
}

/// A string of up to `bytesMax` bytes, from few letters so that prefixes and equal strings are common.
func randomText(_ bytesMax: Int, using random: inout SeededGenerator) -> String {
    let letters = ["a", "b", "aa", "é", "\u{10FFFF}", "_", "\n", "\"", "z", "\u{0}"]
    var text = ""
    let count = Int.random(in: 0...bytesMax, using: &random)
    while text.utf8.count < count { text += letters.randomElement(using: &random) ?? "a" }
    return text
}
