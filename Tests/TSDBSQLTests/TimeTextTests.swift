import TestSupport
import Testing

@testable import TSDBSQL

@Suite struct TimeTextTests {
    @Test func timesAreWrittenAsSQLiteWritesThem() throws {
        let connection = try Fixture.gpus(1, hours: 1).connect()
        var random = SeededGenerator(seed: makeSeed())
        let some = (0..<200).map { _ in Int64.random(in: TimeText.times, using: &random) }
        for time in some + [0, -1, TimeText.times.lowerBound, TimeText.times.upperBound, 951_782_400_000] {
            // Whole seconds: SQLite's own milliseconds are rounded through a Julian day.
            let seconds = Int64((Double(time) / 1000).rounded(.down))
            let text = TimeText.text(seconds * 1000)!
            #expect(try connection.first("SELECT datetime(\(seconds), 'unixepoch')") == .text(String(text.prefix(19))))
            #expect(TimeText.parse(TimeText.text(time)!) == time)
        }
    }

    @Test(arguments: [
        ("2024-01-31", 1_706_659_200_000), ("2024-01-31 01:00", 1_706_662_800_000),
        ("2024-01-31T01:00:00Z", 1_706_662_800_000), ("2024-01-31 01:00:00.25", 1_706_662_800_250),
        ("1969-12-31 23:59:59.999", -1),
    ])
    func textsOfTimesAreRead(_ text: String, _ time: Int64) { #expect(TimeText.parse(text) == time) }

    @Test(arguments: [
        "", "2024", "2024-13-01", "2024-02-30", "2024-01-31 24:00", "2024-01-31x01:00", "2024-01-3é", "now",
    ])
    func otherTextsAreNoTimes(_ text: String) { #expect(TimeText.parse(text) == nil) }

    @Test func theFirstTimeIsFoundAtEitherEnd() {
        #expect(firstTime(in: .min ... .max) { _ in true } == .min)
        #expect(firstTime(in: .min ... .max) { $0 == .max } == .max)
        #expect(firstTime(in: .min ... .max) { _ in false } == nil)
        for wanted: Int64 in [-3, -1, 0, 7, .min + 1] {
            #expect(firstTime(in: .min ... .max) { $0 >= wanted } == wanted)
        }
    }
}
