import Model
import TestSupport

@testable import StoreWorkload

/// What a workload was told to do before it was killed, and what of it was acknowledged.
struct Ledger {
    /// How much was acknowledged.
    struct Work {
        var samples = 0
        var imports = 0
        var deletions = 0
        var backups = 0
        var seals = 0
        var blocksDeleted = 0

        mutating func add(_ other: Work) {
            samples += other.samples
            imports += other.imports
            deletions += other.deletions
            backups += other.backups
            seals += other.seals
            blocksDeleted += other.blocksDeleted
        }
    }

    /// A copy that was begun.
    struct Backup {
        let number: Int
        fileprivate(set) var isMade = false
        /// What was acknowledged before it began, and how many operations that was.
        fileprivate let stored: PlainStore
        fileprivate let operations: Int
    }

    /// What must be there.
    private var stored: PlainStore
    private let retentionMs: Int64
    private var plans: [ThreadPlan]
    private var counts: [Int]
    /// What was acknowledged, in this order, without what was refused.
    private var acknowledged: [WorkloadOperation] = []
    /// What each thread was at when it was killed.
    private var unanswered: [WorkloadOperation] = []
    private(set) var backups: [Backup] = []
    private(set) var work = Work()

    /// - Parameters:
    ///   - stored: what was there before.
    ///   - output: what the workload has written.
    init(stored: PlainStore, retentionMs: Int64, seed: UInt64, start: Int64, output: String) throws {
        self.stored = stored
        self.retentionMs = retentionMs
        plans = (0..<ThreadPlan.threads).map { ThreadPlan(thread: $0, seed: seed, start: start) }
        counts = plans.map { _ in 0 }
        for acknowledgement in Acknowledgement.read(output) {
            guard let acknowledgement else { throw TestFailure("the workload has written \(output.suffix(1000))") }
            try take(acknowledgement)
        }
        for thread in plans.indices { unanswered.append(plans[thread].next()) }
    }

    private mutating func take(_ acknowledgement: Acknowledgement) throws {
        switch acknowledgement {
        case .opened: break
        case .done(let thread, let number, let refused):
            guard number == counts[thread] else { throw TestFailure("operation \(number) follows \(counts[thread])") }
            counts[thread] += 1
            take(plans[thread].next().removing(refused))
        case .backupBegun(let number):
            backups.append(Backup(number: number, stored: stored, operations: acknowledged.count))
        case .backupMade(let number, let seals, let blocksDeleted):
            backups[number].isMade = true
            work.backups += 1
            // Both count from the opening on.
            work.seals = seals
            work.blocksDeleted = blocksDeleted
        }
    }

    private mutating func take(_ operation: WorkloadOperation) {
        acknowledged.append(operation)
        for sample in operation.samples where stored.add(sample.labels, sample.time, sample.value) { work.samples += 1 }
        switch operation {
        case .scrape, .late: break
        case .importing: work.imports += 1
        case .delete(let labels, let range):
            stored.remove({ $0 == labels }, range)
            work.deletions += 1
        }
    }

    /// What is wrong with what was found after the kill, or nil.
    func fault(in found: PlainSamples) -> String? {
        stored.fault(in: found, unsure: unsure(unanswered)) ?? unanswered.lazy.compactMap { torn($0, found) }.first
    }

    /// What must be there from now on, where that was found after the kill.
    func settled(_ found: PlainSamples) -> PlainStore {
        var settled = stored
        settled.settle(found, unsure: unsure(unanswered))
        return settled
    }

    /// What is wrong with what a copy holds, or nil.
    func fault(in found: PlainSamples, of backup: Backup) -> String? {
        backup.stored.fault(in: found, unsure: unsure(acknowledged[backup.operations...] + unanswered))
    }

    private func unsure(_ operations: [WorkloadOperation]) -> PlainStore.Unsure {
        var unsure = PlainStore.Unsure()
        for operation in operations {
            for sample in operation.samples { unsure.add(sample.labels, sample.time, sample.value) }
            if case .delete(let labels, let range) = operation { unsure.deleted.append((labels, range)) }
        }
        return unsure
    }

    /// A scrape that was not answered is there as a whole or not at all.
    private func torn(_ operation: WorkloadOperation, _ found: PlainSamples) -> String? {
        guard case .scrape(let samples) = operation else { return nil }
        let sureFrom = max(stored.newest, unsure(unanswered).newest) - retentionMs
        // A series without samples may be forgotten before it gets one, which is then refused.
        let sure = samples.filter { sample in
            sample.time >= sureFrom && stored.samples[sample.labels]?.keys.contains { $0 >= sureFrom } ?? false
        }
        let there = sure.filter { found[$0.labels]?[$0.time] == $0.value }
        return there.isEmpty || there.count == sure.count
            ? nil : "of a batch at \(sure[0].time) \(there.count) of \(sure.count) samples are there"
    }
}

extension WorkloadOperation {
    /// What it stores, in the order in which the store takes it: of two samples of one time the first stays.
    fileprivate var samples: [Sample] {
        switch self {
        case .scrape(let samples), .late(let samples):
            samples.filter { !$0.value.isHistogram } + samples.filter(\.value.isHistogram)
        case .importing(let samples): samples
        case .delete: []
        }
    }

    /// It without the samples of these indices.
    fileprivate func removing(_ indices: [Int]) -> WorkloadOperation {
        func kept(_ samples: [Sample]) -> [Sample] {
            samples.enumerated().filter { !indices.contains($0.offset) }.map(\.element)
        }
        return switch self {
        case .scrape(let samples): .scrape(kept(samples))
        case .late(let samples): .late(kept(samples))
        case .importing, .delete: self
        }
    }
}

extension PlainValue {
    fileprivate var isHistogram: Bool {
        if case .histogram = self { true } else { false }
    }
}
