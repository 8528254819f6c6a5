import Glibc
import Model
import TestSupport
import Testing

@testable import QueryAPI

/// What values in JSON mean beyond those that exporters write. Where not said otherwise the expectations are what
/// `google.protobuf.json_format` 7.36 made of the same texts.
@Suite struct OTLPJSONTests {
    /// Reads a sum of one data point.
    private func sum(_ point: String, temporality: String = "2", attribute: String = "null") throws -> OTLPRequest {
        let json = """
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"aggregationTemporality":\(temporality),
            "dataPoints":[{"timeUnixNano":"5000000",\(point),"attributes":[{"key":"a","value":\(attribute)}]}]}}]}]}]}
            """
        let message = try Array(json.utf8).withUnsafeBytes { try otlpMessage(json: $0, bytesMax: 1 << 20) }
        var reader = OTLPReader(OTLPSettings(), lookbackMs: 300_000)
        try message.withUnsafeBytes { try reader.read($0) }
        return reader.request
    }

    @Test(
        arguments: [
            ("9223372036854775807", 0x1p63), (#""-9223372036854775808""#, -0x1p63), (#""9223372036854775808""#, nil),
            ("18446744073709551615", nil), ("1e3", 1000), (#""1e3""#, 1000), (#""1.0""#, 1), ("1.5", nil),
            (#""""#, nil),
            (#"" 1""#, nil), ("true", nil), ("1e30", nil), (#""-0""#, 0), ("9007199254740993", 9_007_199_254_740_992),
            ("9.223372036854775807e18", nil), ("NaN", nil), (#""0x10""#, nil),
        ] as [(String, Double?)])
    func wholeNumbersWithASignHave64Bits(_ text: String, _ expected: Double?) {
        let request = try? sum(#""asInt":\#(text)"#)
        #expect(request?.samples.first?.value == expected, "\(text)")
        let attribute = try? sum(#""asInt":1"#, attribute: #"{"intValue":\#(text)}"#)
        #expect((attribute == nil) == (expected == nil), "\(text)")
    }

    @Test(
        arguments: [
            ("9223372036854775808", 9_223_372_036_854), ("18446744073709551615", 18_446_744_073_709),
            (#""18446744073709551616""#, nil), (#""-1""#, nil), ("-1", nil), ("1e9", 1000), ("-0", 0), ("1.5", nil),
            ("9.223372036854775807e18", 9_223_372_036_854),
        ] as [(String, Int64?)])
    func timesAreNotNegative(_ text: String, _ expected: Int64?) {
        #expect((try? sum(#""asInt":1,"timeUnixNano":\#(text)"#))?.samples.first?.timestamp == expected, "\(text)")
        #expect(((try? sum(#""asInt":1,"count":\#(text)"#)) == nil) == false, "a field that a sum does not have")
    }

    @Test(arguments: [("1", true), ("4294967295", true), ("4294967296", false), (#""-1""#, false)])
    func flagsHave32Bits(_ text: String, isTaken: Bool) {
        #expect(((try? sum(#""asInt":1,"flags":\#(text)"#)) != nil) == isTaken, "\(text)")
    }

    @Test func aNumberOutOfRangeIsNamedWithItsRange() {
        let error = #expect(throws: JSONError.self) { try sum(#""asInt":1,"timeUnixNano":"-1""#) }
        #expect(error?.description.contains("expected a whole number of 0 to 2^64 - 1 before at byte") == true)
    }

    @Test(
        arguments: [
            (#""Infinity""#, .infinity), (#""+Inf""#, .infinity), (#""-inf""#, -.infinity), (#""1.5""#, 1.5),
            ("1e400", nil), (#""""#, nil), ("Infinity", nil), (#""0x1p3""#, nil), (#""nan""#, nil),
        ] as [(String, Double?)])
    func doublesAreTakenAsText(_ text: String, _ expected: Double?) {
        #expect((try? sum(#""asDouble":\#(text)"#))?.samples.first?.value == expected, "\(text)")
    }

    @Test(arguments: [
        ("2", true), (#""2""#, true), ("2.0", true), (#""AGGREGATION_TEMPORALITY_CUMULATIVE""#, true), ("1", false),
        (#""7""#, false), (#""LATER""#, false), ("-1", false), ("null", false),
    ])
    func enumerationsAreNumbersOrNames(_ text: String, isCumulative: Bool) throws {
        let request = try sum(#""asInt":1"#, temporality: text)
        #expect(request.samples.isEmpty != isCumulative, "\(text)")
        #expect(request.problems.lines.isEmpty == isCumulative, "\(text)")
        #expect(throws: JSONError.self) { try sum(#""asInt":1"#, temporality: "99999999999") }
    }

    @Test(
        arguments: [
            ("-_8", "+/8="), ("AA", "AA=="), ("AA==", "AA=="), ("AA=", "AA=="), ("+/8=", "+/8="), ("-/8=", "+/8="),
            ("AB", "AA=="), ("A", nil), ("A===", nil), ("AAAAA", nil),
            // More than json_format leaves out here is refused: it passes over what is no digit.
            ("A!AA", nil),
        ] as [(String, String?)])
    func base64IsOfEitherAlphabet(_ text: String, _ expected: String?) {
        let request = try? sum(#""asInt":1"#, attribute: #"{"bytesValue":"\#(text)"}"#)
        #expect(request?.series.first?["a"] == expected, "\(text)")
    }

    /// As Go's `encoding/json` reads them; json_format refuses them.
    @Test(arguments: [
        (#"a\ud83d"#, "a\u{fffd}"), (#"\ude00b"#, "\u{fffd}b"), (#"\ud83d\ud83d\ude00"#, "\u{fffd}😀"),
        (#"\ud83d\n"#, "\u{fffd}\n"), (#"\ud83dx"#, "\u{fffd}x"), (#"\ud83d\u0041"#, "\u{fffd}A"),
        (#"\ud83d\ude00"#, "😀"),
    ])
    func halvesOfCharactersAreReplaced(_ text: String, _ expected: String) throws {
        let request = try sum(#""asInt":1"#, attribute: #"{"stringValue":"\#(text)"}"#)
        #expect(request.series.first?["a"] == expected)
    }

    /// What a name costs grows as it does, whatever stands in it.
    @Test func longNamesCostWhatTheyHaveInBytes() throws {
        func nanoseconds(_ part: String) throws -> UInt64 {
            let json = Array(#"{"\#(String(repeating: part, count: 200_000))":1}"#.utf8)
            // Of this thread alone, so that the machine's other work does not count.
            let began = threadNs()
            let message = try json.withUnsafeBytes { try otlpMessage(json: $0, bytesMax: 1 << 20) }
            #expect(message.isEmpty)
            return threadNs() - began
        }
        let (plain, underscored) = (try nanoseconds("aa"), try nanoseconds("a_"))
        #expect(underscored < 20 * plain, "\(underscored) ns instead of \(plain)")
    }

    private func threadNs() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
