import Model
import TestSupport
import Testing

@testable import TSDB

/// The same for what callers wait for, and what the writer does with blocks that are there.
extension FaultSweepTests {
    private static func times(_ low: Int64, _ high: Int64) -> [Int64] { Array(stride(from: low, to: high, by: 100)) }

    @Test(arguments: FaultyDisk.Fault.all) func merging(_ fault: FaultyDisk.Fault) throws {
        try sweep(fault, from: 0..<1400) { database in
            // Too few to be merged before their window is over.
            try database.perform { (writer) throws(StorageError) in
                for end in [300, 500, 700] as [Int64] {
                    writer.beginSealing(to: end)
                    while writer.sealing != nil { try writer.sealSlice() }
                }
            }
            #expect(database.stats().blocks == 3)
        } _: { database in
            for time in FaultSweepTests.times(1400, 1800) { try append(database, time, FaultSweepTests.series) }
            try database.maintain()
            try expect(database, FaultSweepTests.times(0, 1800))
            #expect(database.stats().blocks == 1)
        }
    }

    @Test(arguments: FaultyDisk.Fault.all) func lateSamples(_ fault: FaultyDisk.Fault) throws {
        let late: [Int64] = [150, 1150, 2150]
        try sweep(fault, from: 0..<2600) {
            try $0.maintain()
        } _: { database in
            database.setOutOfOrderWindow(ms: 4000)
            for time in late { try addLate(database, time) }
            for time in FaultSweepTests.times(2600, 3700) { try append(database, time, FaultSweepTests.series) }
            try database.maintain()
            try expect(database, (FaultSweepTests.times(0, 3700) + late).sorted())
            let isEmpty = try database.perform { (writer) throws(StorageError) in writer.state.head.side.hasNoSamples }
            #expect(isEmpty && database.stats().blocks == 3)
        }
    }

    /// Adds a sample between others to each series, unless that was done before.
    private func addLate(_ database: Database, _ time: Int64) throws {
        let found = try database.everything(from: time, to: time)
        if found.count == FaultSweepTests.series.count { return }
        let refs = try database.resolve(FaultSweepTests.series)
        let values = refs.indices.map { Double(time) + Double($0) / 10 }
        let result = try database.appendBlocking(SampleBatch(refs: refs, timestamps: [time], values: values))
        #expect(result.appended == refs.count)
    }

    @Test(arguments: FaultyDisk.Fault.all) func deleting(_ fault: FaultyDisk.Fault) throws {
        try sweep(fault, from: 0..<2600) {
            try $0.maintain()
        } _: { database in
            try database.deleteSeries([[Matcher("n", equals: "1")]], minTime: 500, maxTime: 2200)
            try database.deleteSeries([[Matcher("n", equals: "2")]])
            let found = try database.everything()
            let all = FaultSweepTests.times(0, 2600)
            for (index, labels) in FaultSweepTests.series.enumerated() {
                let kept = index == 1 ? all.filter { $0 < 500 || $0 > 2200 } : index == 2 ? [] : all
                #expect(found[labels] ?? [] == kept.map { Sample($0, Double($0) + Double(index) / 10) })
            }
        }
    }

    @Test(arguments: FaultyDisk.Fault.all) func importing(_ fault: FaultyDisk.Fault) throws {
        let new = labels("__name__=new", "a=b")
        let samples = FaultSweepTests.times(50, 3000).map { Sample($0, Double($0)) }
        try sweep(fault, from: 0..<1400) {
            try $0.maintain()
        } _: { database in
            _ = try database.importSamples([
                (FaultSweepTests.series[0], SampleBuffer(samples)), (new, SampleBuffer(samples)),
            ])
            let found = try database.everything()
            let live = FaultSweepTests.times(0, 1400).map { Sample($0, Double($0)) }
            #expect(found[FaultSweepTests.series[0]] == (live + samples).sorted { $0.time < $1.time })
            #expect(found[new] == samples)
            try expect(database, FaultSweepTests.times(0, 1400), [])
        }
    }

    @Test(arguments: FaultyDisk.Fault.writing) func compacting(_ fault: FaultyDisk.Fault) throws {
        let gone = labels("__name__=gone")
        try sweep(fault, from: 0..<2600) { database in
            // Something to give back to the file system.
            let bulk = SampleBuffer((0..<2000).map { Sample($0, bits: UInt64($0) &* 0x9e37_79b9_7f4a_7c15 >> 2) })
            _ = try database.importSamples([(gone, bulk)])
            try database.maintain()
            try database.deleteSeries([[Matcher("__name__", equals: "gone")]])
        } _: { database in
            try append(database, 2600, FaultSweepTests.series)
            try database.compact()
            try expect(database, FaultSweepTests.times(0, 2700))
            let free = try database.perform { (writer) throws(StorageError) in
                try writer.tables.connection.integer("PRAGMA freelist_count")
            }
            #expect(free == 0 && database.stats().headChunks == 0)
        }
    }

    @Test(arguments: FaultyDisk.Fault.all) func backingUp(_ fault: FaultyDisk.Fault) throws {
        #expect(FaultyDisk.isRegistered)
        // A copy asks for no file system in particular.
        DiskShim.makeDefault(FaultyDisk.name)
        defer { DiskShim.makeDefault(nil) }
        let directory = TemporaryDirectory()
        let source = directory.path + "/source"
        let database = try Database.open(directory: source, options: FaultSweepTests.options)
        defer { database.close() }
        for time in FaultSweepTests.times(0, 2600) { try append(database, time, FaultSweepTests.series) }
        try database.maintain()
        let expected = try database.everything()
        let copy = directory.path + "/copy"
        try sweepFiles(fault, directory) { call, isHit in
            do throws(StorageError) {
                try database.backup(to: copy)
                isHit = FaultyDisk.disarm()
            } catch {
                isHit = FaultyDisk.disarm()
                #expect("\(error)".contains("cannot"), "call \(call)")
                #expect(fileNames(copy) == [], "call \(call): \(error)")
                try database.backup(to: copy)
            }
            #expect(try Database.check(copy, isFull: true).isSound, "call \(call)")
            let opened = try Database.openReadOnly(copy)
            #expect(try opened.everything() == expected, "call \(call)")
            opened.close()
            removeAll(copy)
        }
    }

    /// Whatever cannot be read is no damage that a check may report, and much less that a repair may set aside.
    @Test func checking() throws {
        let directory = TemporaryDirectory()
        let path = try makeClosed(directory, "sound")
        let expected = try Database.check(path, isFull: true)
        #expect(expected.isSound && expected.rows > 0)
        DiskShim.makeDefault(FaultyDisk.name)
        defer { DiskShim.makeDefault(nil) }
        try sweepFiles(.onceReading, directory) { call, isHit in
            defer { isHit = FaultyDisk.disarm() }
            do throws(StorageError) {
                let report = try Database.check(path, isFull: true)
                // SQLite's own check names pages that it cannot get.
                #expect(
                    report.findings.allSatisfy {
                        $0.problem.contains("error code=") || $0.problem.contains("Failed to read")
                    },
                    "call \(call): \(report.findings.map(\.description))")
                #expect(report.rows == expected.rows && report.samples == expected.samples, "call \(call)")
            } catch {
                #expect("\(error)".contains("disk I/O error"), "call \(call)")
            }
        }
    }

    @Test(arguments: FaultyDisk.Fault.all) func repairing(_ fault: FaultyDisk.Fault) throws {
        let directory = TemporaryDirectory()
        let damaged = try makeClosed(directory, "damaged")
        runSQL(
            damaged + "/" + Database.fileName,
            """
            UPDATE chunk SET data = x'0102' || substr(data, 3) WHERE id = (1 << 32) | 2;
            UPDATE block SET samples = samples + 1 WHERE number = 2;
            UPDATE journal SET record = zeroblob(20) WHERE id = (SELECT max(id) FROM journal);
            DELETE FROM series WHERE id = 4;
            """)
        let reference = directory.path + "/reference"
        try copyDatabase(damaged, reference)
        #expect(try Database.repair(reference).after.isSound)
        let expected = try contents(reference)
        let before = try contents(damaged)
        #expect(expected.count == FaultSweepTests.series.count - 1)
        DiskShim.makeDefault(FaultyDisk.name)
        defer { DiskShim.makeDefault(nil) }
        let path = directory.path + "/work"
        try sweepFiles(fault, directory) { call, isHit in
            // Not through the broken disk.
            DiskShim.makeDefault(nil)
            try copyDatabase(damaged, path)
            DiskShim.makeDefault(FaultyDisk.name)
            let report = try? Database.repair(path)
            isHit = FaultyDisk.disarm()
            if report?.after.isSound != true {
                #expect([expected, before].contains(try contents(path)), "call \(call), half repaired")
                #expect(try Database.repair(path).after.isSound, "call \(call)")
            }
            #expect(try contents(path) == expected, "call \(call)")
            #expect(try Database.check(path, isFull: true).isSound, "call \(call)")
            removeAll(path)
        }
    }

    /// Breaks call n of the disk for n = 1, 2, … until `body` gets through without meeting it.
    private func sweepFiles(
        _ fault: FaultyDisk.Fault, _ directory: TemporaryDirectory, _ body: (Int, inout Bool) throws -> Void
    ) throws {
        var random = SeededGenerator(seed: makeSeed())
        var call = 0
        var isHit = true
        while isHit, call < 2000 {
            call = next(call, &random)
            FaultyDisk.arm(call, fault, in: directory)
            defer { _ = FaultyDisk.disarm() }
            try body(call, &isHit)
        }
        #expect(call > 1 && !isHit)
    }

    /// Two blocks and a journal, closed.
    private func makeClosed(_ directory: TemporaryDirectory, _ name: String) throws -> String {
        #expect(FaultyDisk.isRegistered)
        let path = directory.path + "/" + name
        let database = try Database.open(directory: path, options: FaultSweepTests.options)
        for time in FaultSweepTests.times(0, 2600) { try append(database, time, FaultSweepTests.series) }
        try database.maintain()
        #expect(database.stats().blocks == 2)
        database.close()
        return path
    }

    private func contents(_ path: String) throws -> [Labels: [Sample]] {
        let database = try Database.openReadOnly(path)
        defer { database.close() }
        return try database.everything()
    }
}
