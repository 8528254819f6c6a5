import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import TSDB

@Suite struct BackupTests {
    private let directory = TemporaryDirectory()
    private var source: String { directory.path + "/data" }
    private var target: String { directory.path + "/backups/first" }

    @Test func aCopyHasEverythingAndIsOpenedLikeItsOriginal() async throws {
        let database = try Database.open(directory: source)
        defer { database.close() }
        for gpu in 0..<20 {
            _ = try database.add(labels("__name__=temp", "gpu=\(gpu)"), (0..<500).map { Sample($0 * 1000, Double($0)) })
        }
        try await database.setMetadata([MetricMetadata(metric: "temp", type: .gauge, help: "Heat.")])
        var last: BackupProgress?
        try database.backup(to: target) { last = $0 }
        #expect(last.map { $0.copiedBytes == $0.totalBytes && $0.totalBytes > 0 } == true)
        #expect(fileNames(target) == [Database.fileName])

        let connection = try Connection(path: target + "/" + Database.fileName, mode: .readOnly)
        #expect(try connection.integer("PRAGMA application_id") == Schema.applicationID)
        #expect(try connection.integer("PRAGMA user_version") == Schema.version)
        #expect(try connection.integer("PRAGMA page_size") == Schema.pageBytes)
        #expect(try connection.text("PRAGMA integrity_check") == "ok")

        let copy = try Database.open(directory: target)
        defer { copy.close() }
        #expect(try copy.everything() == database.everything())
        #expect(copy.metadata(metric: "temp")["temp"]?.first?.help == "Heat.")
        #expect(copy.stats().corruptions == 0)
        _ = try copy.add(labels("__name__=temp", "gpu=0"), [Sample(1_000_000, 1)])
    }

    @Test func copiesMadeWhileAWriterAppendsHoldWhatWasAcknowledgedBefore() throws {
        let database = try Database.open(directory: source)
        let series = try database.resolve((0..<50).map { labels("__name__=temp", "gpu=\($0)") })
        let acknowledged = Atomic<Int64>(-1)
        let isDone = Atomic(false)
        let writer = TestThread {
            var round: Int64 = 0
            while !isDone.load(ordering: .relaxed) {
                let batch = SampleBatch(
                    refs: series, timestamps: [round * 60_000], values: series.map { _ in Double(round) })
                guard (try? database.appendBlocking(batch))?.appended == series.count else { return }
                acknowledged.store(round, ordering: .releasing)
                round += 1
            }
        }
        for copy in 0..<5 {
            try eventually("more was written") {
                acknowledged.load(ordering: .acquiring) >= Int64(copy + 1) * 200 ? () : nil
            }
            let before = acknowledged.load(ordering: .acquiring)
            let path = "\(target)-\(copy)"
            try Database.backup(source, to: path)
            let opened = try Database.open(directory: path)
            defer { opened.close() }
            let samples = try opened.everything()
            #expect(samples.count == series.count)
            let counts = Set(samples.values.map(\.count))
            // A batch is in it as a whole or not at all.
            #expect(counts.count == 1)
            #expect(Int64(counts.first ?? 0) > before)
            #expect(opened.stats().corruptions == 0)
        }
        isDone.store(true, ordering: .relaxed)
        writer.join()
        database.close()
    }

    @Test func nothingIsOverwritten() throws {
        let database = try Database.open(directory: source)
        defer { database.close() }
        _ = try database.add(labels("__name__=temp"), [Sample(1000, 1)])
        try database.backup(to: target)
        let bytes = try readFile(target + "/" + Database.fileName)
        _ = try database.add(labels("__name__=temp"), [Sample(2000, 2)])
        #expect(throws: StorageError.self) { try database.backup(to: target) }
        #expect(throws: StorageError.self) { try database.backup(to: source) }
        #expect(try readFile(target + "/" + Database.fileName) == bytes)
        #expect(fileNames(target) == [Database.fileName])
    }

    @Test func whatIsNoDatabaseIsNotCopied() throws {
        #expect(throws: StorageError.self) { try Database.backup(directory.path + "/nowhere", to: target) }
        try writeFile(directory.path + "/text", "no database, but some text that is longer than a header")
        #expect(throws: StorageError.self) { try Database.backup(directory.path + "/text", to: target) }
        #expect(fileNames(target) == [])
    }
}
