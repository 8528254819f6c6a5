import Glibc
import Model
import TestSupport
import Testing

@Suite struct FloatFormatTests {
    /// Go's `strconv.FormatFloat(x, 'f', -1, 64)` and `'g'`, and the HTTP API's form.
    private static let forms: [(Double, String, String, String)] = [
        (0.0, "0", "0", "0"), (-0.0, "-0", "-0", "-0"), (1, "1", "1", "1"), (-1.5, "-1.5", "-1.5", "-1.5"),
        (0.1, "0.1", "0.1", "0.1"),
        (100_000, "100000", "100000", "100000"), (999_999, "999999", "999999", "999999"),
        (1_000_000, "1000000", "1e+06", "1000000"),
        (1_234_567.5, "1234567.5", "1.2345675e+06", "1234567.5"),
        (16_704_978_944, "16704978944", "1.6704978944e+10", "16704978944"),
        (0.0001, "0.0001", "0.0001", "0.0001"), (0.00001, "0.00001", "1e-05", "0.00001"),
        (0.000001, "0.000001", "1e-06", "0.000001"),
        (0.0000001, "0.0000001", "1e-07", "1e-07"), (1.5e-7, "0.00000015", "1.5e-07", "1.5e-07"),
        (1e20, "100000000000000000000", "1e+20", "100000000000000000000"),
        (1e21, "1000000000000000000000", "1e+21", "1e+21"),
        (
            1.7976931348623157e308, "17976931348623157" + String(repeating: "0", count: 292), "1.7976931348623157e+308",
            "1.7976931348623157e+308"
        ),
        (5e-324, "0." + String(repeating: "0", count: 323) + "5", "5e-324", "5e-324"),
        (9_007_199_254_740_993, "9007199254740992", "9.007199254740992e+15", "9007199254740992"),
        (123_456.789, "123456.789", "123456.789", "123456.789"),
        (0.3 - 0.1, "0.19999999999999998", "0.19999999999999998", "0.19999999999999998"),
        (.infinity, "+Inf", "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf", "-Inf"), (.nan, "NaN", "NaN", "NaN"),
    ]

    @Test(arguments: forms)
    func formsAreGos(value: Double, plain: String, general: String, json: String) {
        #expect(formatFloat(value) == plain)
        #expect(formatFloat(value, .general) == general)
        #expect(formatFloat(value, .json) == json)
    }

    @Test func everyFormReadsBackBitExactly() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for index in 0..<30_000 {
            let value =
                switch index % 3 {
                case 0: Double(bitPattern: random.next())
                case 1:
                    Double(Int64.random(in: -10_000_000...10_000_000, using: &random))
                        / pow(10, Double(Int.random(in: 0...8, using: &random)))
                default: Double(Int64(bitPattern: random.next()) >> Int64.random(in: 0...60, using: &random))
                }
            guard value.isFinite else { continue }
            for format in [FloatFormat.plain, .general, .json] {
                let text = formatFloat(value, format)
                #expect(strtod(text, nil).bitPattern == value.bitPattern, "\(value) as \(text), seed \(seed)")
            }
            // The fast path must not write more digits than the shortest text has.
            let digits = formatFloat(value, .plain).filter { $0.isNumber }.drop { $0 == "0" }
            let shortest = value.description.prefix { $0 != "e" }.filter { $0.isNumber }.drop { $0 == "0" }
            let trimmed = { (text: Substring) in String(text.reversed().drop { $0 == "0" }.reversed()) }
            #expect(trimmed(Substring(digits)) == trimmed(Substring(shortest)), "seed \(seed)")
        }
    }

    @Test func wholeNumbersOfEverySizeAreWritten() {
        for value in [Int64.min, Int64.min + 1, -1, 0, 9, 10, Int64.max] {
            var bytes: [UInt8] = []
            bytes.appendDecimal(value)
            #expect(String(decoding: bytes, as: UTF8.self) == String(value))
        }
    }
}
