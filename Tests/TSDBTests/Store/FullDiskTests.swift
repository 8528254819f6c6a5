import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

/// Queries go on while the disk is full, writes fail clearly, retention makes room, and then samples are taken again.
@Suite struct FullDiskTests {
    private static let series = (0..<200).map { labels("__name__=m", "n=\($0)") }
    private static let stepMs: Int64 = 100

    /// What was acknowledged, and when the next samples are.
    private struct Load {
        var retentionMs: Int64 = 60_000
        var time: Int64 = 0
        var kept: [Labels: [Sample]] = [:]
        var random = SeededGenerator(seed: 3)

        /// Appends a sample of incompressible bits to each series; nil where they were taken.
        mutating func append(_ database: Database) throws -> StorageError? {
            time += stepMs
            let samples = series.map { _ in Sample(time, bits: random.next() >> 2) }
            do throws(StorageError) {
                let result = try database.appendBlocking(
                    SampleBatch(
                        refs: try database.resolve(series), timestamps: [time],
                        values: samples.map { Double(bitPattern: $0.bits) }))
                #expect(result.rejected.isEmpty)
            } catch {
                return error
            }
            for (labels, sample) in zip(series, samples) { kept[labels, default: []].append(sample) }
            return nil
        }

        /// Appends until the disk is full, which it must be before anything is too old.
        mutating func fill(_ database: Database) throws {
            while time < retentionMs {
                guard let error = try append(database) else { continue }
                guard case .diskFull(let text) = error else { throw error }
                #expect(text.contains("full"))
                return
            }
            throw TestFailure("the disk is not full after \(time) ms")
        }

        /// What is as new as retention keeps is there, and nothing that was not stored.
        func check(_ database: Database) throws {
            let found = try database.everything()
            for (labels, samples) in kept {
                let sure = samples.filter { $0.time >= time - retentionMs }
                let now = Set(found[labels] ?? [])
                #expect(now.isSuperset(of: sure) && now.isSubset(of: samples), "\(labels)")
            }
            #expect(found.count <= kept.count)
        }
    }

    private func options() -> DatabaseOptions {
        DatabaseOptions(
            retentionMs: Load().retentionMs, blockMs: 1000, clock: FixedClock(now: 1 << 50))
    }

    @Test func retentionMakesRoomAndSamplesAreTakenAgain() throws {
        let directory = TemporaryDirectory()
        var options = options()
        options.pagesMax = 80
        try fillAndWait(directory.path, options)
    }

    /// Whatever fails behind its deletion, the rows of a block go.
    @Test func rowsOfADeletedBlockGoThoughFollowersCannotBeStored() throws {
        let directory = TemporaryDirectory(.memory)
        var options = options()
        options.retentionMs = 5000
        let database = try Database.open(directory: directory.path, options: options)
        defer { database.close() }
        try database.setFollowers(["a"])
        var load = Load(retentionMs: options.retentionMs)
        for _ in 0..<8 { _ = try load.append(database) }
        let number = try database.perform { (writer) throws(StorageError) -> Int64 in
            try writer.sealAll()
            try writer.tables.connection.execute(
                "CREATE TEMP TRIGGER no BEFORE INSERT ON follower BEGIN SELECT raise(ABORT, 'no'); END")
            return writer.state.blocks.first?.number ?? 0
        }
        load.time += 10_000
        _ = try load.append(database)
        let rows = try database.perform { (writer) throws(StorageError) -> Int64? in
            writer.fullDisk.note()
            // The first of these deletes the block.
            for _ in 0..<100 { try? writer.makeRoom() }
            try writer.tables.connection.execute("DROP TRIGGER no")
            return try writer.tables.connection.integer("SELECT count(*) FROM chunk WHERE id >> 32 = \(number)")
        }
        #expect(number > 0 && rows == 0)
    }

    @Test func roomThatIsMadeElsewhereIsUsed() throws {
        let directory = TemporaryDirectory()
        var options = options()
        options.pagesMax = 80
        let database = try Database.open(directory: directory.path, options: options)
        defer { database.close() }
        var load = Load()
        try load.fill(database)
        try load.check(database)
        try database.perform { (writer) throws(StorageError) in
            try writer.tables.connection.execute("PRAGMA max_page_count = 100000")
        }
        for _ in 0..<20 {
            let error = try load.append(database)
            #expect(error == nil)
        }
        try database.maintain()
        try load.check(database)
    }

    /// The same on a file system that is full, where this process may mount one, and room is made there.
    @Test func onAFullFileSystemToo() throws {
        let directory = TemporaryDirectory(.disk)
        let path = directory.path + "/small"
        mkdir(path, 0o755)
        guard try run("/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path) else { return }
        defer { _ = try? run("/bin/umount", path) }
        try writeFile(path + "/other", [UInt8](repeating: 1, count: 13 << 20))
        let database = try Database.open(directory: path + "/data", options: options())
        defer { database.close() }
        var load = Load()
        try load.fill(database)
        // A little more goes in when the log has been emptied.
        var refused = 0
        for _ in 0..<1000 where refused < 5 {
            guard let error = try load.append(database) else { continue }
            guard case .diskFull = error else { throw error }
            refused += 1
            try load.check(database)
        }
        #expect(refused == 5)
        unlink(path + "/other")
        try eventually("samples are taken again") { try load.append(database) == nil ? () : nil }
        for _ in 0..<20 { #expect(try load.append(database) == nil) }
        try database.maintain()
        try load.check(database)
    }

    /// Where nobody else makes room, what is too old does: it takes room in the log to delete it.
    @Test(arguments: [8 << 20, 13 << 20, 4 << 20].prefix(tries(1, slow: 3)))
    func retentionMakesRoomOnAFullFileSystem(_ other: Int) throws {
        let directory = TemporaryDirectory(.disk)
        let path = directory.path + "/small"
        mkdir(path, 0o755)
        guard try run("/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path) else { return }
        defer { _ = try? run("/bin/umount", path) }
        try writeFile(path + "/other", [UInt8](repeating: 1, count: other))
        var options = options()
        options.retentionMs *= 10
        try fillAndWait(path + "/data", options)
    }

    private func run(_ program: String, _ arguments: String...) throws -> Bool {
        guard access(program, X_OK) == 0 else { return false }
        return try ChildProcess(program, arguments).wait() == 0
    }

    private func fillAndWait(_ path: String, _ options: DatabaseOptions) throws {
        let database = try Database.open(directory: path, options: options)
        var load = Load(retentionMs: options.retentionMs)
        try load.fill(database)
        try load.check(database)
        #expect(database.stats().writeFailures > 0)
        // Samples go on to come, and time with them.
        var refused = 0
        try eventually("what is too old goes, and samples are taken again", within: 300) {
            load.time += 500
            guard let error = try load.append(database) else {
                return refused > 5 && database.stats().blocksDeleted > 0 ? () : nil
            }
            guard case .diskFull = error else { throw error }
            refused += 1
            if refused % 20 == 0 { try load.check(database) }
            return nil
        }
        // With the next ones it is full again, and again.
        var taken = 0
        try eventually("more samples are taken", within: 300) {
            load.time += 100
            if try load.append(database) == nil { taken += 1 }
            return taken > 20 ? () : nil
        }
        try load.check(database)
        database.close()
        let again = try Database.open(directory: path, options: options)
        defer { again.close() }
        try load.check(again)
        // The disk is nearly full still.
        #expect(again.takeProblems().filter { !$0.contains("full") } == [])
    }
}
