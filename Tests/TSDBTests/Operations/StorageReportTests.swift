import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct StorageReportTests {
    @Test func everySampleAndByteIsCountedOnce() async throws {
        let made = try await CheckedDatabase()
        let report = try Database.storageReport(made.path)
        let inBlocks = made.samples.values.joined().count { $0.time < 12_000 }
        #expect(report.blockSamples == Int64(inBlocks))
        #expect(report.blockSamples + report.journalSamples == Int64(made.samples.values.joined().count))
        #expect(report.blocks == 3 && report.series == 4 && report.damagedRows == 0)
        #expect(report.minTime == 0 && report.maxTime == 14_995)
        for list in [report.byMetric, report.bySeries, report.byEncoding, report.byDay] {
            #expect(list.reduce(0) { $0 + $1.samples } == report.blockSamples)
            #expect(list.reduce(0) { $0 + $1.bytes } == report.blockBytes)
        }
        #expect(report.leftoverBytes == 0 && report.damagedBytes == 0)
        #expect(report.journalBytes > 0 && report.seriesBytes > 0 && report.exemplarBytes > 0)
        #expect(report.overheadBytes > 0 && report.overheadBytes < report.fileBytes)
        let connection = try Database.connectForReading(made.path)
        #expect(try connection.integer("SELECT sum(bytes) FROM block") == report.blockBytes)
    }

    @Test func namesAreThoseOfTheData() async throws {
        let made = try await CheckedDatabase()
        let report = try Database.storageReport(made.path, limit: 2)
        // Random bits take the most, eight bytes each.
        #expect(report.byMetric.map(\.name).first == "r" && report.byMetric.count == 2)
        #expect(report.bySeries.first?.name == "r{job=\"x\"}")
        #expect((report.byMetric.first?.bytesPerSample ?? 0) > 7)
        let encodings = Set(report.byEncoding.map(\.name))
        #expect(
            encodings == ["columns, shared timestamps", "columns, timestamps of their own", "lists of timestamps"])
        #expect(report.byDay.map(\.name) == ["1970-01-01"])
    }

    @Test func aRowOfTwoDaysIsSharedOutByTime() throws {
        let directory = TemporaryDirectory()
        let dayMs: Int64 = 86_400_000
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 4 * dayMs))
        for hour in Int64(0)..<49 { _ = try database.add(labels("__name__=m"), [Sample(hour * 3_600_000, 1)]) }
        try database.compact()
        database.close()
        let report = try Database.storageReport(directory.path)
        #expect(report.byDay.map(\.name) == ["1970-01-03", "1970-01-02", "1970-01-01"])
        #expect(report.byDay.map(\.samples) == [1, 24, 24])
    }

    @Test func damagedRowsAreCountedAndDoNotStopIt() async throws {
        let made = try await CheckedDatabase()
        runSQL(made.file, "UPDATE chunk SET data = x'00' WHERE id = \(2 << 32 | 1)")
        let report = try Database.storageReport(made.path)
        #expect(report.damagedRows == 1)
        #expect(report.blockSamples == 4 * 1200 - 400)
    }
}
