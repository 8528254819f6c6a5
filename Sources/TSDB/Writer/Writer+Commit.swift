import Model
import Synchronization

extension Writer {
    /// Makes work durable in one transaction, then visible, and tells those who wait for it.
    func commit(_ work: [Work]) {
        var batches: [StagedBatch] = []
        var metadata: [MetricMetadata] = []
        let ahead = state.options.clock.nowMs().addingReportingOverflow(DatabaseOptions.aheadMsMax)
        let latest = ahead.overflow ? .max : ahead.partialValue
        for item in work {
            switch item {
            case .append(let batch, _):
                batches.append(state.head.stage(batch, latest: latest) { state.index.isKnown($0) })
            case .metadata(let some, _): metadata += some
            case .maintenance: break
            }
        }
        let failure = store(batches, metadata)
        if failure == nil { show(batches, metadata) }
        finish(work, batches, failure)
    }

    /// Commits, or takes back what was staged.
    private func store(_ batches: [StagedBatch], _ metadata: [MetricMetadata]) -> StorageError? {
        guard !metadata.isEmpty || batches.contains(where: { !$0.samples.refs.isEmpty }) else { return nil }
        let rows = state.index.storedForm(of: batches.flatMap(\.newSeries))
        do throws(StorageError) {
            try tables.connection.transaction { () throws(StorageError) in
                for label in rows.labels { try tables.addLabel(label.id, label.name, label.value) }
                for series in rows.series { try tables.addSeries(series.id, pairs: series.labels) }
                for batch in batches {
                    for part in batch.samples.parts(of: JournalLimits.samplesMax) { try addRecord(part) }
                }
                for one in metadata { try tables.setMetadata(one) }
            }
            state.counters.commits.add()
            return nil
        } catch {
            state.head.unstage(batches)
            state.index.unstorePairs(rows)
            // The chains hold what was never committed.
            encoder.restart()
            state.counters.commitFailures.add()
            state.messages.add("storing samples: \(error)")
            return error
        }
    }

    private func addRecord(_ batch: SampleBatch) throws(StorageError) {
        let position = journal.next(reaching: state.blockTime.number(of: batch.maxTime))
        if position.isFirst { encoder.restart() }
        let record = encoder.encode(batch, row: position.row)
        try tables.addRecord(position.row, record)
        state.counters.journalRecords.add()
        state.counters.journalBytes.add(record.count)
    }

    private func show(_ batches: [StagedBatch], _ metadata: [MetricMetadata]) {
        let newSeries = batches.flatMap(\.newSeries)
        state.index.publish(newSeries)
        state.counters.seriesCreated.add(newSeries.count)
        state.head.apply(batches)
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
            case .maintenance(let done):
                done(Result { () throws(StorageError) in try doAllDuties() })
            }
        }
    }
}
