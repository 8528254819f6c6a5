import Model
import Synchronization

extension Database {
    /// How far behind the newest sample of the database one may be from now on that is older than the newest one of its
    /// series.
    public func setOutOfOrderWindow(ms: Int64) {
        state.outOfOrderMs.store(max(0, ms), ordering: .relaxed)
    }

    /// Deletes the samples from `minTime` to `maxTime`, in milliseconds and both included, of the series that any of
    /// `selectors` selects. What was acknowledged before the call is gone when it returns, and its room in the file is
    /// free; series that have no samples left are forgotten. Blocks the calling thread.
    ///
    /// - Parameter selectors: where it is empty nothing is deleted.
    /// - Returns: how many samples were deleted.
    @discardableResult
    public func deleteSeries(
        _ selectors: [[Matcher]], minTime: Int64 = .min, maxTime: Int64 = .max
    ) throws(StorageError) -> Int {
        guard minTime <= maxTime else { return 0 }
        return try perform { (writer) throws(StorageError) in
            let ids = Set(selectors.flatMap { writer.state.index.match($0) }).sorted()
            return try writer.deleteSamples(ids, minTime, maxTime)
        }
    }

    /// Puts everything into as few and as small rows as possible, and gives free room back to the file system. Takes long
    /// where there is much; appends wait. Blocks the calling thread.
    ///
    /// - Parameter progress: called now and then by another thread.
    public func compact(progress: @escaping OperationProgress.Report = { _ in }) throws(StorageError) {
        try perform { (writer) throws(StorageError) in try writer.compact(progress) }
    }

    /// Merges samples of any age with what is there, as one step of an import: of two samples of one series and time the
    /// one already stored stays, the first where both are new. Retention counts them as all others. Durable when it
    /// returns. Blocks the calling thread.
    ///
    /// A call rewrites the rows that its samples go into, so that one call for each few hours of all series, up to a
    /// million samples, is quickest.
    ///
    /// - Parameter series: each with its samples in ascending order of time.
    /// - Throws: ``StorageError/io(_:)`` where a time is out of range.
    public func importSamples(
        _ series: [(labels: Labels, samples: SampleBuffer)]
    ) throws(StorageError) -> ImportResult {
        let imported = ImportedSamples(series: series)
        return try perform { (writer) throws(StorageError) in
            // Resolved here, where no series is forgotten before it has its samples.
            let refs = try writer.state.index.resolve(imported.series.map(\.labels))
            return try writer.importSamples(Array(zip(refs, imported.series.map(\.samples))))
        }
    }
}

/// Carries sample buffers to the writer thread.
private struct ImportedSamples: @unchecked Sendable {
    // SAFETY: the caller waits until the writer thread is done with them.
    let series: [(labels: Labels, samples: SampleBuffer)]
}

extension Database: ExemplarQueryable {
    public func exemplars(
        _ selectors: [[Matcher]], minTime: Int64, maxTime: Int64
    ) throws(StorageError) -> [(series: Labels, exemplars: [Exemplar])] {
        let view = try querier(minTime: minTime, maxTime: maxTime)
        defer { view.close() }
        let ids = Set(selectors.flatMap { state.index.match($0) }).sorted()
        guard !ids.isEmpty else { return [] }
        let connection = try Connection(path: path, mode: .readOnly, vfs: state.options.vfs)
        let found = try Loader(connection: connection).exemplars(minTime, maxTime)
        return state.index.sortedByLabels(ids.filter { found[$0] != nil }).compactMap { id in
            state.index.labels(of: id).map { ($0, found[id] ?? []) }
        }
    }
}
