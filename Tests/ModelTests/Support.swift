import Model
import TestSupport

/// A string of up to `bytesMax` bytes, from few letters so that prefixes and equal strings are common.
func randomText(_ bytesMax: Int, using random: inout SeededGenerator) -> String {
    let letters = ["a", "b", "aa", "é", "\u{10FFFF}", "_", "\n", "\"", "z", "\u{0}"]
    var text = ""
    let count = Int.random(in: 0...bytesMax, using: &random)
    while text.utf8.count < count { text += letters.randomElement(using: &random) ?? "a" }
    return text
}
