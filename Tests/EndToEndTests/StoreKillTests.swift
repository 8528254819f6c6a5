import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import StoreWorkload

/// A store that is killed at any moment of its work has all that was acknowledged, once, and checks clean.
@Suite struct StoreKillTests {
    @Test func whatWasAcknowledgedSurvivesKillsUnderLoad() throws {
        var random = SeededGenerator(seed: makeSeed())
        var store = KilledStore(&random)
        var done = Ledger.Work()
        let rounds = tries(25, slow: 500)
        for round in 0..<rounds {
            if round % 25 == 24 { store = KilledStore(&random) }
            do {
                done.add(try store.killAndCheck(&random))
            } catch {
                Issue.record("round \(round) of \(rounds): \(error)")
                return
            }
        }
        #expect(done.samples > 100 * rounds && done.imports > 0 && done.deletions > 0, "\(done)")
        #expect(done.backups > 0 && done.seals > rounds && done.blocksDeleted > 0, "\(done)")
    }
}

/// A directory that the workload writes and is killed at, again and again, and what the database in it must hold.
private final class KilledStore {
    private let directory = TemporaryDirectory()
    private let optionsSeed: UInt64
    private let options: DatabaseOptions
    private var stored: PlainStore
    private var data: String { directory.path + "/data" }

    init(_ random: inout SeededGenerator) {
        optionsSeed = random.next()
        options = .ofWorkload(seed: optionsSeed)
        stored = PlainStore(retentionMs: options.retentionMs)
    }

    /// Lets the workload go on until some moment, and compares what is there then with what was acknowledged.
    func killAndCheck(_ random: inout SeededGenerator) throws -> Ledger.Work {
        let seed = random.next()
        let start = stored.newest == .min ? 1_700_000_000_000 : stored.newest + 1
        let output = try run(seed, start, &random)
        let ledger = try Ledger(
            stored: stored, retentionMs: options.retentionMs, seed: seed, start: start, output: output)
        let found = try readDatabase(&random)
        if let fault = ledger.fault(in: found) { throw TestFailure(fault) }
        stored = ledger.settled(found)
        if random.chance(50) { try maintain() }
        for backup in ledger.backups { try check(backup, of: ledger) }
        return ledger.work
    }

    /// - Returns: what the workload has written.
    private func run(_ seed: UInt64, _ start: Int64, _ random: inout SeededGenerator) throws -> String {
        let process = try ChildProcess(
            builtProgram("StoreWorkload"), [directory.path, "\(optionsSeed)", "\(seed)", "\(start)"])
        if random.chance(15) {
            // While it opens the database.
            usleep(.random(in: 1000...80_000, using: &random))
        } else {
            try eventually("the workload begins", within: 60) {
                process.output.isEmpty && process.isRunning ? nil : ()
            }
            usleep(.random(in: 20_000...300_000, using: &random))
        }
        let status = process.finish(SIGKILL)
        guard status == 128 + SIGKILL, process.errors.isEmpty else {
            throw TestFailure("the workload ended with status \(status): \(process.errors)")
        }
        return process.output
    }

    /// All that is there after the kill. Half of the time the next workload meets what the killed one has left.
    private func readDatabase(_ random: inout SeededGenerator) throws -> PlainSamples {
        let isThere = !stored.samples.isEmpty
        if isThere { try expectSound(data, isFull: random.chance(10)) }
        let database =
            isThere && random.chance(50)
            ? try Database.openReadOnly(data) : try Database.open(directory: data, options: options)
        defer { database.close() }
        let found = try database.allSamples()
        if let problem = database.takeProblems().first { throw TestFailure("opened: \(problem)") }
        return found
    }

    /// Does what the killed one has left to do, which changes nothing but what retention explains.
    private func maintain() throws {
        let database = try Database.open(directory: data, options: options)
        try database.maintain()
        let found = try database.allSamples()
        let problems = database.takeProblems()
        database.close()
        if let problem = problems.first { throw TestFailure("maintained: \(problem)") }
        if let fault = stored.fault(in: found) { throw TestFailure("maintained: \(fault)") }
        let times = found.values.flatMap(\.keys)
        if let oldest = times.min(), let newest = times.max(), newest - oldest > 2 * options.retentionMs {
            throw TestFailure("\(newest - oldest) ms are there, \(options.retentionMs) are to be kept")
        }
        stored.settle(found)
        let notes = try expectSound(data, isFull: false)
        if !notes.isEmpty { throw TestFailure("closed with \(notes)") }
    }

    private func check(_ backup: Ledger.Backup, of ledger: Ledger) throws {
        let path = "\(directory.path)/backup-\(backup.number)"
        defer { removeAll(path) }
        // Without its name it was not finished, and nobody takes it for a copy.
        guard backup.isMade || fileNames(path).contains(Database.fileName) else { return }
        try expectSound(path, isFull: true)
        let database = try Database.openReadOnly(path)
        defer { database.close() }
        if let fault = ledger.fault(in: try database.allSamples(), of: backup) {
            throw TestFailure("backup \(backup.number): \(fault)")
        }
        if let problem = database.takeProblems().first { throw TestFailure("backup \(backup.number): \(problem)") }
    }

    /// - Returns: what the check says that is no damage.
    @discardableResult
    private func expectSound(_ path: String, isFull: Bool) throws -> [String] {
        let report = try Database.check(path, isFull: isFull)
        guard report.isSound else { throw TestFailure("\(path): \(report.findings.prefix(3))") }
        return report.notes
    }
}
