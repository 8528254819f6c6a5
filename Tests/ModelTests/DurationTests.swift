import Model
import TestSupport
import Testing

@Suite struct DurationTests {
    private static let readable: [(String, Int64)] = [
        ("0", 0), ("0s", 0), ("1ms", 1), ("15s", 15_000), ("1m0s", 60_000), ("1m30s", 90_000), ("300s", 300_000),
        ("6h0m0s", 21_600_000), ("1h30m", 5_400_000), ("1d", 86_400_000), ("1w", 604_800_000), ("1y", 31_536_000_000),
        ("1y2w3d4h5m6s7ms", 33019506007), ("120m", 7_200_000), ("292y", 9_208_512_000_000),
    ]

    @Test(arguments: readable)
    func durationsAreRead(text: String, milliseconds: Int64) {
        #expect(PrometheusDuration.parse(text) == milliseconds)
    }

    @Test(arguments: [
        "", "1", "s", "-1s", "1.5s", "1s1m", "1m1m", "1x", "1 s", " 1s", "1S", "99999999999999999999s",
        "9223372036854775807y", "1sm", "١s",
    ])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(PrometheusDuration.parse(text) == nil)
    }

    private static let writable: [(Int64, String)] = [
        (0, "0s"), (1, "1ms"), (1000, "1s"), (15_000, "15s"), (60_000, "1m"), (90_000, "1m30s"), (3_600_000, "1h"),
        (5_400_000, "1h30m"), (86_400_000, "1d"), (90_000_000, "1d1h"), (604_800_000, "1w"), (1_209_600_000, "2w"),
        (31_536_000_000, "1y"), (1500, "1s500ms"), (-1000, "-1s"),
    ]

    @Test(arguments: writable)
    func durationsAreWritten(milliseconds: Int64, text: String) {
        #expect(PrometheusDuration.format(milliseconds) == text)
    }

    @Test func whatIsWrittenReadsBack() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let milliseconds =
                Int64.random(in: 0...Int64.max, using: &random) >> Int64.random(in: 0...62, using: &random)
            #expect(
                PrometheusDuration.parse(PrometheusDuration.format(milliseconds)) == milliseconds,
                "\(milliseconds), seed \(seed)")
        }
    }
}
