import Model
import TestSupport
import Testing

@testable import TSDB

/// The store against a plain dictionary, under random operations.
@Suite struct StoreModelTests {
    private static let blockMs: Int64 = 1000

    /// What the store must hold.
    private struct PlainStore {
        var samples: [Labels: [Sample]] = [:]

        /// What becomes of a sample, as far as the series itself decides it.
        mutating func add(_ labels: Labels, _ sample: Sample) -> AppendResult.Reason? {
            if let newest = samples[labels]?.last {
                if sample.time < newest.time { return .outOfOrder }
                if sample.time == newest.time { return sample.bits == newest.bits ? nil : .duplicate }
            }
            samples[labels, default: []].append(sample)
            return nil
        }

        /// Forgets what lies before `time`.
        mutating func expire(before time: Int64) {
            for (labels, list) in samples {
                let kept = list.filter { $0.time >= time }
                samples[labels] = kept.isEmpty ? nil : kept
            }
        }

        func range(_ low: Int64, _ high: Int64) -> [Labels: [Sample]] {
            samples.mapValues { $0.filter { $0.time >= low && $0.time <= high } }.filter { !$0.value.isEmpty }
        }
    }

    private func randomValue(_ random: inout SeededGenerator) -> Double {
        random.chance(70)
            ? Double(Int.random(in: 0...5, using: &random))
            : Double(bitPattern: SampleShape.specialBits.randomElement(using: &random) ?? 0)
    }

    @Test(arguments: 0..<6) func agreesWithADictionary(_ run: Int) throws {
        var random = SeededGenerator(seed: makeSeed() &+ UInt64(run))
        let directory = TemporaryDirectory()
        let retention = random.chance(50) ? 5 * StoreModelTests.blockMs : 0
        let options = DatabaseOptions(retentionMs: retention, blockMs: StoreModelTests.blockMs)
        var database = try Database.open(directory: directory.path, options: options)
        var plain = PlainStore()
        let series = (0..<12).map { labels("__name__=m\($0 % 3)", "n=\($0)") }
        var now = Int64.random(in: -20_000...0, using: &random)
        for _ in 0..<150 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                database.close()
                database = try Database.open(directory: directory.path, options: options)
            case 1:
                let copy = directory.path + "/copy"
                try copyDatabase(directory.path, copy)
                let crashed = try Database.open(directory: copy, options: options)
                try check(crashed, plain, retention, &random)
                crashed.close()
                removeAll(copy)
            case 2: try database.maintain()
            case 3...5: try check(database, plain, retention, &random)
            default:
                now += Int64.random(in: 0...400, using: &random)
                try append(database, &plain, series, now, &random)
            }
        }
        try check(database, plain, retention, &random)
        #expect(database.takeProblems() == [])
    }

    private func append(
        _ database: Database, _ plain: inout PlainStore, _ series: [Labels], _ now: Int64,
        _ random: inout SeededGenerator
    ) throws {
        var batch: [(labels: Labels, sample: Sample)] = []
        let isShared = random.chance(50)
        for labels in series where random.chance(60) {
            for _ in 0..<(isShared ? 1 : Int.random(in: 1...4, using: &random)) {
                // Some in the past: within what is still taken half a block back, or refused for order.
                let time = isShared ? now : now - Int64.random(in: -50...300, using: &random)
                batch.append((labels, Sample(time, randomValue(&random))))
            }
        }
        if batch.isEmpty { return }
        let refs = try database.resolve(batch.map(\.labels))
        let result = try database.appendBlocking(
            SampleBatch(
                refs: refs, timestamps: isShared ? [now] : batch.map(\.sample.time),
                values: batch.map { Double(bitPattern: $0.sample.bits) }))
        let rejected = Dictionary(uniqueKeysWithValues: result.rejected.map { ($0.index, $0.reason) })
        #expect(result.appended + rejected.count == batch.count)
        for (index, entry) in batch.enumerated() {
            if rejected[index] == .tooOld {
                // Whatever lies within half a block of the newest sample is never too old.
                let newest = plain.samples.values.compactMap(\.last?.time).max() ?? .min
                #expect(entry.sample.time < newest - StoreModelTests.blockMs / 2)
                continue
            }
            #expect(plain.add(entry.labels, entry.sample) == rejected[index])
        }
    }

    private func check(
        _ database: Database, _ plain: PlainStore, _ retention: Int64, _ random: inout SeededGenerator
    ) throws {
        let newest = plain.samples.values.compactMap(\.last?.time).max() ?? 0
        let low = random.chance(30) ? .min : newest - Int64.random(in: 0...8000, using: &random)
        let high = random.chance(30) ? .max : newest - Int64.random(in: -100...4000, using: &random)
        let found = try database.everything(from: low, to: high)
        guard retention > 0 else {
            #expect(found == plain.range(low, high))
            return
        }
        // Whole blocks go, when they go: everything within retention is there, and what is older may be.
        let sure = max(low, newest - retention)
        let foundSurely = found.mapValues { $0.filter { $0.time >= sure } }.filter { !$0.value.isEmpty }
        #expect(foundSurely == plain.range(sure, high))
        for (labels, samples) in found {
            #expect(Set(samples).isSubset(of: Set(plain.range(low, high)[labels] ?? [])))
        }
    }
}
