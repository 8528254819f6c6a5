import Exposition
import Glibc
import Model
import TestSupport
import Testing

@Suite struct NumberTests {
    private func parse(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer { parseNumber($0) }
    }

    private static let numbers: [(String, Double)] = [
        ("0", 0.0), ("-0", -0.0), ("1", 1), ("+1", 1), ("12.47", 12.47), (".5", 0.5), ("5.", 5), ("1e3", 1000),
        ("1E+3", 1000),
        ("1.6704978944e+10", 16_704_978_944), ("123456789012345", 123_456_789_012_345),
        ("1234567890123456789", 1_234_567_890_123_456_789),
        ("0.1234567890123456789", 0.1234567890123456789), ("1e-400", 0), ("4.9e-324", 4.9e-324),
        ("1.7976931348623157e308", .greatestFiniteMagnitude),
        ("Inf", .infinity), ("+inf", .infinity), ("-INF", -.infinity), ("infinity", .infinity), ("1e22", 1e22),
        ("1e23", 1e23), ("9007199254740993", 9_007_199_254_740_992),
    ]

    @Test(arguments: numbers)
    func numbersAreRead(text: String, expected: Double) {
        #expect(parse(text)?.bitPattern == expected.bitPattern)
    }

    @Test(arguments: ["NaN", "nan", "NAN"])
    func everyNaNIsTheOrdinaryOne(text: String) {
        #expect(parse(text)?.bitPattern == Double.ordinaryNaN.bitPattern)
    }

    @Test(arguments: [
        "", "-", "+", ".", "e5", "1e", "1e+", "0x10", "0x1p3", "1_000", "1e400", "-1e400", "1.2.3", "1 2", "abc",
        "+nan", "--1", "1e5.5", "in",
        "1f", "١",
    ])
    func whatIsNoNumberIsRefused(text: String) {
        #expect(parse(text) == nil)
    }

    /// The short path must round as strtod does.
    @Test func decimalsReadAsStrtodReadsThem() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let digits = Int.random(in: 1...19, using: &random)
            var text = Bool.random(using: &random) ? "-" : ""
            let point = Int.random(in: 0...digits, using: &random)
            for index in 0..<digits {
                if index == point { text += "." }
                text += String(Int.random(in: 0...9, using: &random))
            }
            if Bool.random(using: &random) { text += "e\(Int.random(in: -40...40, using: &random))" }
            #expect(parse(text)?.bitPattern == strtod(text, nil).bitPattern, "\(text), seed \(seed)")
        }
    }

    @Test func shortestTextsReadBackBitExactly() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(parse(value.description)?.bitPattern == value.bitPattern, "seed \(seed)")
            #expect(parse(formatFloat(value, .general))?.bitPattern == value.bitPattern, "seed \(seed)")
        }
    }
}
