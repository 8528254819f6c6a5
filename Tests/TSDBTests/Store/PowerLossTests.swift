import Model
import TestSupport
import Testing

@testable import TSDB

/// The power fails at random moments: writes that were not synced are there, lost or torn. What docs/operations.md promises
/// of each mode is kept, and the database opens and checks clean.
@Suite struct PowerLossTests {
    @Test(arguments: 0..<tries(8, slow: 250)) func withFullSyncNothingAcknowledgedIsLost(_ run: Int) throws {
        try check(.full, run)
    }

    @Test(arguments: 0..<tries(8, slow: 250)) func withNormalSyncASuffixOfTheCommitsIsLost(_ run: Int) throws {
        try check(.normal, run)
    }

    private func check(_ mode: DatabaseOptions.Synchronous, _ run: Int) throws {
        let load = try PowerLossLoad(mode, seed: makeSeed() &+ UInt64(run))
        defer { load.end() }
        for _ in 0..<120 {
            if let fault = try load.step() {
                Issue.record("run \(run): \(fault)\n\(load.log.suffix(12).joined(separator: "\n"))")
                return
            }
        }
        #expect(load.cuts > 0)
    }

    /// The log is synced by itself when nothing is written.
    @Test func withNormalSyncAPauseMakesEverythingDurable() throws {
        #expect(UnsafeDisk.isRegistered)
        let directory = TemporaryDirectory()
        let disk = UnsafeDisk(directory, seed: makeSeed())
        defer { disk.remove() }
        var options = DatabaseOptions(retentionMs: 0, synchronous: .normal)
        options.vfs = UnsafeDisk.name
        let database = try Database.open(directory: directory.path, options: options)
        defer { database.close() }
        for time in 1...Int64(20) { _ = try database.add(labels("__name__=m"), [Sample(time, 1)]) }
        #expect(disk.synced == 0)
        disk.acknowledge(20)
        try eventually("the log is synced") { disk.synced == 20 ? () : nil }
        for attempt in 0..<10 {
            let copy = directory.path + "/copy-\(attempt)"
            try disk.cutNow().write(to: copy)
            let opened = try Database.open(directory: copy)
            #expect(try opened.everything() == database.everything())
            #expect(opened.takeProblems() == [])
            opened.close()
        }
    }
}

/// Random operations on a database whose disk loses its power now and then, and what the database may hold after each.
private final class PowerLossLoad {
    private var random: SeededGenerator
    private let directory = TemporaryDirectory()
    private let disk: UnsafeDisk
    private let options: DatabaseOptions
    private var database: Database
    private let series = (0..<10).map { labels("__name__=m\($0 % 3)", "n=\($0)") }
    /// After each operation.
    private var states: [PlainStore]
    /// Those that commit more than once: a failure may find them half done.
    private var isLong: [Bool] = [false]
    private var now: Int64 = 0
    private var copies = 0
    private(set) var cuts = 0
    private(set) var log: [String] = []

    init(_ mode: DatabaseOptions.Synchronous, seed: UInt64) throws {
        guard UnsafeDisk.isRegistered else { throw TestFailure("SQLite does not take the file system") }
        random = SeededGenerator(seed: seed)
        disk = UnsafeDisk(directory, seed: random.next())
        var options = DatabaseOptions(
            retentionMs: random.chance(50) ? 8000 : 0, blockMs: 1000, synchronous: mode,
            clock: FixedClock(now: 1 << 50))
        options.vfs = UnsafeDisk.name
        options.outOfOrderMs = 3000
        options.headSamplesMax = [60, 500, 3_000_000].randomElement(using: &random) ?? 0
        self.options = options
        states = [PlainStore(retentionMs: options.retentionMs)]
        log.append("seed \(seed), \(mode), retention \(options.retentionMs), head \(options.headSamplesMax)")
        // Making the database is part of it.
        disk.cutPower(after: .random(in: 1...40, using: &random))
        database = try Database.open(directory: directory.path, options: options)
    }

    func end() {
        database.close()
        disk.remove()
    }

    /// Does something, and looks at what a failure of the power has left meanwhile.
    /// - Returns: what is wrong, or nil.
    func step() throws -> String? {
        var plain = states[states.count - 1]
        var isLong = false
        switch Int.random(in: 0..<24, using: &random) {
        case 0:
            log.append("maintain")
            try database.maintain()
        case 1:
            log.append("compact")
            try database.compact()
        case 2:
            isLong = true
            try delete(&plain)
        case 3:
            isLong = true
            try importSome(&plain)
        default: try append(&plain)
        }
        states.append(plain)
        self.isLong.append(isLong)
        if let cut = disk.takeCut(), let fault = try fault(in: cut) { return fault }
        disk.acknowledge(states.count - 1)
        if random.chance(8) {
            log.append("the power fails now")
            if let fault = try fault(in: disk.cutNow()) { return fault }
        }
        if random.chance(10) { disk.cutPower(after: .random(in: 1...60, using: &random)) }
        return nil
    }

    // MARK: Operations

    private func append(_ plain: inout PlainStore) throws {
        now += Int64.random(in: 10...120, using: &random)
        let refs = try database.resolve(series)
        var batch = SampleBatch(refs: [], timestamps: [], values: [])
        var ofRefs: [Labels] = []
        for (index, labels) in series.enumerated() where random.chance(70) {
            batch.refs.append(refs[index])
            let isLate = random.chance(8)
            batch.timestamps.append(isLate ? now - Int64.random(in: 1...2500, using: &random) : now)
            batch.values.append(Double(Int.random(in: 0...1_000_000, using: &random)) / 8)
            ofRefs.append(labels)
        }
        let result = try database.appendBlocking(batch)
        let rejected = Set(result.rejected.map(\.index))
        for (index, labels) in ofRefs.enumerated() where !rejected.contains(index) {
            plain.add(labels, batch.timestamps[index], .float(batch.values[index].bitPattern))
        }
        log.append("append \(ofRefs.count) at \(now), \(rejected.count) rejected")
    }

    private func delete(_ plain: inout PlainStore) throws {
        let low = random.chance(30) ? .min : now - Int64.random(in: 0...6000, using: &random)
        let high = random.chance(30) ? .max : max(low, now - Int64.random(in: 0...3000, using: &random))
        let metric = "m\(Int.random(in: 0...2, using: &random))"
        try database.deleteSeries([[Matcher("__name__", equals: metric)]], minTime: low, maxTime: high)
        _ = plain.remove({ $0.metricName == metric }, low...high)
        log.append("delete \(metric) from \(low) to \(high)")
    }

    private func importSome(_ plain: inout PlainStore) throws {
        var all: [(labels: Labels, samples: SampleBuffer)] = []
        for labels in series where random.chance(40) {
            let samples = SampleBuffer()
            var time = now - Int64.random(in: 0...3500, using: &random)
            for _ in 0..<20 where time <= now {
                samples.append(time, Double(Int.random(in: 0...1000, using: &random)))
                plain.add(labels, time, .float(samples.values[samples.count - 1].bitPattern))
                time += Int64.random(in: 1...100, using: &random)
            }
            all.append((labels, samples))
        }
        _ = try database.importSamples(all)
        log.append("import \(all.map(\.samples.count)) up to \(now)")
    }

    // MARK: What is left

    private func fault(in cut: PowerCut) throws -> String? {
        cuts += 1
        let sure = options.synchronous == .full ? cut.acknowledged : cut.synced
        let copy = directory.path + "/copy-\(copies)"
        copies += 1
        try cut.write(to: copy)
        defer { removeAll(copy) }
        let text = "power cut after \(cut.acknowledged) operations, synced after \(cut.synced)"
        var options = options
        options.vfs = nil
        do throws(StorageError) {
            if let finding = try Database.check(copy, isFull: true).findings.first { return "\(text): \(finding)" }
        } catch {
            // Before the first operation there may be no database yet.
            if sure > 0 { return "\(text): \(error)" }
        }
        let opened = try Database.open(directory: copy, options: options)
        defer { opened.close() }
        let found = try opened.allSamples()
        if let problem = opened.takeProblems().first { return "\(text): \(problem)" }
        guard (sure..<states.count).contains(where: { isPossible(found, after: $0) }) else {
            let nearest = (sure..<states.count).map { states[$0].fault(in: found, .min, .max) ?? "" }
            return "\(text): what is there was never there\n\(nearest.joined(separator: "\n"))"
        }
        _ = try opened.add(series[0], [Sample(now + 100_000, 1)])
        try opened.maintain()
        return opened.takeProblems().first.map { "\(text), behind it: \($0)" }
    }

    /// Whether a database may hold this when the operation at `index` is done and the next one not, or not wholly.
    private func isPossible(_ found: PlainSamples, after index: Int) -> Bool {
        if states[index].fault(in: found, .min, .max) == nil { return true }
        guard index + 1 < states.count, isLong[index + 1] else { return false }
        let (before, after) = (states[index], states[index + 1])
        for (labels, list) in before.range(max(before.sureFrom, after.sureFrom), .max) {
            for (time, value) in list where after.samples[labels]?[time] != nil && found[labels]?[time] != value {
                return false
            }
        }
        return found.allSatisfy { labels, list in
            list.allSatisfy { time, value in
                before.samples[labels]?[time] == value || after.samples[labels]?[time] == value
            }
        }
    }
}
