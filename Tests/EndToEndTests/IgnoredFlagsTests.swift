import Testing

@testable import TSDBCommand

@Suite struct IgnoredFlagsTests {
    @Test func flagsWithoutEffectAreTakenOutWithTheirValues() {
        let (rest, notes) = IgnoredFlags.removing(from: [
            "serve", "--enable-feature=promql-experimental-functions", "--web.console.templates", "consoles",
            "--config.file=a.yml", "--no-storage.tsdb.wal-compression", "--web.enable-lifecycle",
        ])
        #expect(rest == ["serve", "--config.file=a.yml", "--web.enable-lifecycle"])
        #expect(notes.count == 3)
    }

    @Test(
        arguments: [
            ("0", 0), ("512MB", 512 << 20), ("1B", 1), ("8EB", nil), ("99999999999GB", nil), ("5", nil), ("GB", nil),
            ("", nil),
        ] as [(String, Int64?)])
    func sizesAreParsed(_ text: String, _ bytes: Int64?) {
        #expect(parseBytes(text) == bytes)
    }

    @Test(
        arguments: [
            ("now", 1_000_000), ("1m", 940_000), ("-1m", 940_000), ("1700000000", 1_700_000_000_000), ("1.5", 1500),
            ("2026-01-31T12:00:00Z", 1_769_860_800_000), ("2026-01-31T12:00:00.25+01:30", 1_769_855_400_250),
            ("2026-13-01T00:00:00Z", nil), ("yesterday", nil), ("", nil), ("1e300", nil),
        ] as [(String, Int64?)])
    func timesAreParsed(_ text: String, _ milliseconds: Int64?) {
        #expect(parseTimeArgument(text, now: 1_000_000) == milliseconds)
    }
}
