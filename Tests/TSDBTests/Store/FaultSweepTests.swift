import Model
import TestSupport
import Testing

@testable import TSDB

/// Call n of the disk fails, for n = 1, 2, … until an operation gets through without meeting it. Whatever fails, what
/// was acknowledged is there once, what was refused can be done again, and the next opening finds the same.
@Suite(.serialized) struct FaultSweepTests {
    static let series = (0..<6).map { labels("__name__=m", "n=\($0)") }
    static let options: DatabaseOptions = {
        var options = DatabaseOptions(retentionMs: 4000, blockMs: 1000, synchronous: .full)
        options.vfs = FaultyDisk.name
        return options
    }()

    /// Appends a sample to each series, unless that was done before.
    func append(_ database: Database, _ time: Int64, _ series: [Labels]) throws {
        let found = try database.everything()
        let missing = series.indices.filter { found[series[$0]]?.last?.time ?? .min < time }
        if missing.isEmpty { return }
        let refs = try database.resolve(missing.map { series[$0] })
        let result = try database.appendBlocking(
            SampleBatch(refs: refs, timestamps: [time], values: missing.map { Double(time) + Double($0) / 10 }))
        // A series without samples may be forgotten between resolving and appending.
        if result.rejected.contains(where: { $0.reason == .unknownSeries }) {
            return try append(database, time, series)
        }
        #expect(result.appended == refs.count)
    }

    /// Runs `work`, which is repeated with the disk mended where it fails, with call n broken for n = 1, 2, …
    ///
    /// - Parameters:
    ///   - start: times of which each series has a sample before, a tenth of a second apart.
    ///   - prepare: what is done before with a sound disk.
    ///   - passing: series that come and go meanwhile.
    ///   - check: looks at what is left.
    func sweep(
        _ fault: FaultyDisk.Fault, from start: Range<Int64>, passing: [Labels] = [],
        prepare: (Database) throws -> Void = { _ in }, _ work: (Database) throws -> Void,
        check: (Database) throws -> Void = { _ in }
    ) throws {
        #expect(FaultyDisk.isRegistered)
        var random = SeededGenerator(seed: makeSeed())
        var call = 0
        var isHit = true
        while isHit {
            call = next(call, &random)
            let directory = TemporaryDirectory()
            var database = try Database.open(directory: directory.path, options: FaultSweepTests.options)
            for time in stride(from: start.lowerBound, to: start.upperBound, by: 100) {
                try append(database, time, FaultSweepTests.series)
            }
            try prepare(database)
            if fault == .onceReading {
                // What it has read is in its caches.
                database.close()
                database = try Database.open(directory: directory.path, options: FaultSweepTests.options)
            }
            var before = try database.everything()
            FaultyDisk.arm(call, fault, in: directory)
            let isDone = (try? work(database)) != nil
            let during = try? database.everything()
            isHit = FaultyDisk.disarm()
            if !isDone { try work(database) }
            let expected = try database.everything()
            for labels in passing { before[labels, default: []] += during?[labels] ?? [] }
            if let during {
                expectBetween(before, expected, during, "call \(call), while the disk is broken")
            } else {
                #expect(fault == .onceReading, "call \(call): no answers while the disk is broken")
            }
            let copy = directory.path + "/copy"
            try copyDatabase(directory.path, copy, whileOpen: database)
            let crashed = try Database.open(directory: copy)
            #expect(try crashed.everything() == expected, "call \(call), after a crash")
            crashed.close()
            #expect(try Database.check(copy).findings.map(\.description) == [], "call \(call)")
            database.close()
            database = try Database.open(directory: directory.path, options: FaultSweepTests.options)
            #expect(try database.everything() == expected, "call \(call), reopened")
            try check(database)
            #expect(database.takeProblems() == [], "call \(call)")
            try append(database, start.upperBound + 5000, FaultSweepTests.series)
            database.close()
            guard call < 2000 else {
                Issue.record("the sweep does not end")
                return
            }
        }
        #expect(call > 1)
    }

    /// Which call fails after this one: each in turn, or some of them in a short run.
    func next(_ call: Int, _ random: inout SeededGenerator) -> Int {
        call == 0 || isSlowRun ? call + 1 : call + Int.random(in: 1...4, using: &random)
    }

    /// What both moments have is there, and nothing that neither has.
    private func expectBetween(
        _ before: [Labels: [Sample]], _ after: [Labels: [Sample]], _ found: [Labels: [Sample]], _ text: String
    ) {
        for labels in Set(before.keys).union(after.keys).union(found.keys) {
            let (old, new) = (Set(before[labels] ?? []), Set(after[labels] ?? []))
            let now = Set(found[labels] ?? [])
            #expect(now.isSuperset(of: old.intersection(new)), "\(text): \(labels) lacks samples")
            #expect(now.isSubset(of: old.union(new)), "\(text): \(labels) has samples of no moment")
        }
    }

    func expect(_ database: Database, _ times: [Int64], _ series: [Labels] = series) throws {
        let found = try database.everything()
        for (index, labels) in series.enumerated() {
            let wanted = times.map { Sample($0, Double($0) + Double(index) / 10) }
            #expect(found[labels] == wanted)
        }
    }

    @Test(arguments: FaultyDisk.Fault.writing) func appending(_ fault: FaultyDisk.Fault) throws {
        let more = FaultSweepTests.series + [labels("__name__=new", "a=b")]
        try sweep(fault, from: 0..<500) { database in
            try append(database, 600, more)
            try append(database, 700, more)
            try expect(database, [0, 100, 200, 300, 400, 600, 700])
        }
    }

    @Test(arguments: FaultyDisk.Fault.all) func sealing(_ fault: FaultyDisk.Fault) throws {
        let times = Array(stride(from: Int64(0), to: 1800, by: 100))
        try sweep(fault, from: 0..<1400) { database in
            for time in stride(from: Int64(1400), to: 1800, by: 100) {
                try append(database, time, FaultSweepTests.series)
            }
            try database.maintain()
            try expect(database, times)
            #expect(database.stats().blocks == 1)
        }
    }

    /// Opening what a crash has left in the log says what is wrong, or succeeds; it never makes anything worse.
    @Test(arguments: FaultyDisk.Fault.all) func opening(_ fault: FaultyDisk.Fault) throws {
        #expect(FaultyDisk.isRegistered)
        let directory = TemporaryDirectory()
        let source = try Database.open(directory: directory.path + "/source", options: FaultSweepTests.options)
        for time in stride(from: Int64(0), to: 2600, by: 100) { try append(source, time, FaultSweepTests.series) }
        try source.maintain()
        try append(source, 2700, FaultSweepTests.series)
        let expected = try source.everything()
        for (from, wanted) in [("source", expected), ("nowhere", [:])] {
            var call = 0
            var isHit = true
            while isHit {
                call += 1
                let path = directory.path + "/copy"
                try copyDatabase(directory.path + "/" + from, path)
                // As an interrupted sealing leaves it.
                let leftover = "INSERT INTO chunk VALUES (9 << 32, x'00')"
                if from == "source" { runSQL(path + "/" + Database.fileName, leftover) }
                FaultyDisk.arm(call, fault, in: directory)
                do throws(StorageError) {
                    let database = try Database.open(directory: path, options: FaultSweepTests.options)
                    let found = try? database.everything()
                    #expect(found == wanted || fault == .onceReading && found == nil, "call \(call)")
                    database.close()
                } catch {
                    #expect("\(error)".contains("cannot open"), "call \(call): \(error)")
                }
                isHit = FaultyDisk.disarm()
                let database = try Database.open(directory: path, options: FaultSweepTests.options)
                #expect(try database.everything() == wanted, "call \(call)")
                #expect(database.takeProblems() == [])
                database.close()
                removeAll(path)
            }
            #expect(call > 3)
        }
        source.close()
    }

    /// What cannot be read is an error, never an answer that lacks something.
    @Test func reading() throws {
        #expect(FaultyDisk.isRegistered)
        let directory = TemporaryDirectory()
        var database = try Database.open(directory: directory.path, options: FaultSweepTests.options)
        for time in stride(from: Int64(0), to: 2600, by: 100) { try append(database, time, FaultSweepTests.series) }
        try database.maintain()
        let expected = try database.everything()
        var call = 0
        var isHit = true
        while isHit {
            call += 1
            database.close()
            database = try Database.open(directory: directory.path, options: FaultSweepTests.options)
            FaultyDisk.arm(call, .onceReading, in: directory)
            if let found = try? database.everything() { #expect(found == expected, "call \(call)") }
            isHit = FaultyDisk.disarm()
            #expect(try database.everything() == expected)
            #expect(database.takeProblems() == [])
        }
        #expect(call > 3)
    }

    /// Blocks and the series that only they have go; labels that come back later are found by all that they have.
    @Test(arguments: FaultyDisk.Fault.writing) func forgetting(_ fault: FaultyDisk.Fault) throws {
        let old = labels("__name__=m", "a=1", "b=2", "c=3", "d=4", "e=5")
        let back = labels("__name__=m", "c=3")
        try sweep(
            fault, from: 0..<200, passing: [old],
            { database in
                if try database.everything()[FaultSweepTests.series[0]]?.last?.time ?? 0 < 9000 {
                    try append(database, 200, [old])
                }
                try append(database, 9000, FaultSweepTests.series)
                try database.maintain()
                #expect(database.stats().blocks == 0)
                #expect(try database.everything()[old] == nil)
                try append(database, 9100, [back])
            },
            check: { database in
                let view = try database.querier(minTime: .min, maxTime: .max)
                defer { view.close() }
                let hints = SelectHints(minTime: .min, maxTime: .max)
                #expect(try view.select([Matcher("c", equals: "3")], hints: hints).count == 1)
                #expect(try view.labelNames([], limit: 0) == ["__name__", "c", "n"])
            })
    }
}
