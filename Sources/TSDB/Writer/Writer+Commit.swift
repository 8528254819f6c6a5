import Model
import Synchronization

extension Writer {
    /// Makes work durable in one transaction, then visible, and tells those who wait for it.
    func commit(_ work: [Work]) {
        var batches: [StagedBatch] = []
        var metadata: [MetricMetadata] = []
        for item in work {
            switch item {
            case .append(let batch, _):
                batches.append(state.head.stage(batch, timeBounds) { state.index.isKnown($0) })
            case .metadata(let some, _): metadata += some
            case .operation: break
            }
        }
        let failure = store(batches, metadata)
        if failure == nil { show(batches, metadata) }
        finish(work, batches, failure)
    }

    /// Which times are taken now.
    private var timeBounds: TimeBounds {
        let ahead = state.options.clock.nowMs().addingReportingOverflow(DatabaseOptions.aheadMsMax)
        let newest = state.head.newestTime ?? .min
        func back(_ ms: Int64) -> Int64 {
            let time = newest.subtractingReportingOverflow(ms)
            return time.overflow ? .min : time.partialValue
        }
        let outOfOrderMs = state.outOfOrderMs.load(ordering: .relaxed)
        return TimeBounds(
            latest: min(ahead.overflow ? .max : ahead.partialValue, Head.maxTime),
            lateFrom: back(max(DatabaseOptions.lateMs, state.options.blockMs / 2)),
            outOfOrderFrom: outOfOrderMs == 0 ? .max : back(outOfOrderMs))
    }

    /// Commits, or takes back what was staged.
    private func store(_ batches: [StagedBatch], _ metadata: [MetricMetadata]) -> StorageError? {
        guard !metadata.isEmpty || batches.contains(where: { !$0.isEmpty }) else { return nil }
        let rows = state.index.storedForm(of: batches.flatMap(\.newSeries))
        do throws(StorageError) {
            try tables.transaction { () throws(StorageError) in
                try tables.add(rows)
                for batch in batches { try addRecords(batch) }
                for one in metadata { try tables.setMetadata(one) }
            }
            state.counters.commits.add()
            fullDisk.refusedTime = nil
            return nil
        } catch {
            state.head.unstage(batches)
            state.index.unstorePairs(rows)
            // The chains hold what was never committed.
            encoder.restart()
            state.counters.commitFailures.add()
            state.messages.add("storing samples: \(error)")
            if case .diskFull = error { fullDisk.note(refused: batches) }
            return error
        }
    }

    private func addRecords(_ batch: StagedBatch) throws(StorageError) {
        for part in batch.samples.parts(of: JournalLimits.samplesMax) {
            try addRecord(reaching: part.maxTime) { encoder.encode(part, row: $0) }
        }
        try addRecords(batch.side)
        for sample in batch.exemplars { try tables.addExemplar(sample.ref.id, sample.exemplar) }
    }

    func addRecords(_ entries: [SideEntry]) throws(StorageError) {
        for start in stride(from: 0, to: entries.count, by: JournalLimits.sideEntriesMax) {
            let part = entries[start..<min(start + JournalLimits.sideEntriesMax, entries.count)]
            try addRecord(reaching: part.map(\.time).max() ?? .min) { SideRecord.encode(part, row: $0) }
        }
    }

    private func addRecord(reaching time: Int64, _ encode: (Int64) -> [UInt8]) throws(StorageError) {
        let position = journal.next(reaching: time)
        if position.isFirst { encoder.restart() }
        let record = encode(position.row)
        try tables.addRecord(position.row, record)
        state.counters.journalRecords.add()
        state.counters.journalBytes.add(record.count)
    }

    private func show(_ batches: [StagedBatch], _ metadata: [MetricMetadata]) {
        let newSeries = batches.flatMap(\.newSeries)
        state.index.publish(newSeries)
        state.counters.seriesCreated.add(newSeries.count)
        state.head.apply(batches)
        for batch in batches {
            for (id, exemplar) in batch.newestExemplars { state.head.newestExemplars[id] = exemplar }
        }
        if !metadata.isEmpty {
            state.metadata.withLock { known in
                for one in metadata { known[one.metric] = one }
            }
        }
    }

    private func finish(_ work: [Work], _ batches: [StagedBatch], _ failure: StorageError?) {
        var index = 0
        for item in work {
            switch item {
            case .append(_, let done):
                let result = batches[index].result
                index += 1
                if let failure {
                    done(.failure(failure))
                } else {
                    state.counters.count(result)
                    done(.success(result))
                }
            case .metadata(_, let done):
                done(failure.map { .failure($0) } ?? .success(()))
            case .operation(let run, let done):
                done(Result { () throws(StorageError) in try run(self) })
            }
        }
    }
}
