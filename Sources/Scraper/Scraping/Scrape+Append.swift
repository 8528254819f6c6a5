import Logging
import Model

extension Scrape {
    /// Appends a batch, and a second time what the store had forgotten the series of.
    func append(
        _ outcome: ScrapeSession.Outcome, _ session: inout ScrapeSession
    ) async throws(StorageError) {
        let batch = outcome.batch
        var result = try await environment.store.append(batch)
        environment.metrics.count(result)
        let forgotten = Set(
            result.rejected.filter { $0.reason == .unknownSeries }.map { batch.refs[$0.index] }
                + result.rejectedHistograms.filter { $0.reason == .unknownSeries }.map {
                    batch.histograms[$0.index].ref
                }
        )
        if !forgotten.isEmpty {
            let again = try resolveAnew(batch, forgotten, &session)
            let second = try await environment.store.append(again)
            environment.metrics.count(second)
            result.rejected = result.rejected.filter { $0.reason != .unknownSeries } + second.rejected
            result.rejectedHistograms =
                result.rejectedHistograms.filter { $0.reason != .unknownSeries } + second.rejectedHistograms
        }
        logRejections(result, repeated: outcome.repeated)
    }

    /// Gives forgotten series new references, and returns their samples under these. Staleness markers of forgotten
    /// series are left out: the store has nothing left for them to end.
    private func resolveAnew(
        _ batch: SampleBatch, _ forgotten: Set<SeriesRef>, _ session: inout ScrapeSession
    ) throws(StorageError) -> SampleBatch {
        var replacements: [SeriesRef: SeriesRef] = [:]
        let oldReports = session.reportRefs
        if oldReports.contains(where: forgotten.contains) {
            session.setReports(try environment.store.resolve(reportNames.map { target.labeller.report($0) }))
            for (old, new) in zip(oldReports, session.reportRefs) { replacements[old] = new }
        }
        let exposed = session.exposedLabels(of: forgotten).compactMap { sample in
            (try? target.labeller.series(sample.labels)).flatMap { $0 }.map { (sample.place, sample.ref, $0) }
        }
        let refs = try environment.store.resolve(exposed.map(\.2))
        for (sample, ref) in zip(exposed, refs) { replacements[sample.1] = ref }
        session.replaceRefs(zip(exposed, refs).map { ($0.0, $1) })
        var again = SampleBatch(refs: [], timestamps: [], values: [])
        for index in batch.refs.indices where forgotten.contains(batch.refs[index]) {
            guard let ref = replacements[batch.refs[index]] else { continue }
            again.refs.append(ref)
            again.values.append(batch.values[index])
            again.timestamps.append(batch.timestamp(index))
            if !batch.startTimes.isEmpty { again.startTimes.append(batch.startTimes[index]) }
        }
        for var sample in batch.histograms where forgotten.contains(sample.ref) {
            guard let ref = replacements[sample.ref] else { continue }
            sample.ref = ref
            again.histograms.append(sample)
        }
        for var sample in batch.exemplars where forgotten.contains(sample.ref) {
            guard let ref = replacements[sample.ref] else { continue }
            sample.ref = ref
            again.exemplars.append(sample)
        }
        return again
    }

    /// One line per scrape, however many samples were refused.
    private func logRejections(_ result: AppendResult, repeated: Int) {
        let rejected = result.rejected + result.rejectedHistograms
        guard !rejected.isEmpty || repeated > 0 else { return }
        func count(_ reason: AppendResult.Reason) -> Int { rejected.count { $0.reason == reason } }
        environment.logger.warning(
            "the store refused samples of a scrape",
            metadata: [
                "target": "\(target.description.url)", "job": "\(target.job.name)",
                "out_of_order": "\(count(.outOfOrder))", "duplicate_timestamp": "\(count(.duplicate) + repeated)",
                "too_old": "\(count(.tooOld))", "unknown_series": "\(count(.unknownSeries))",
            ])
    }
}
