import Model

/// What an import did.
public struct ImportResult: Sendable {
    /// Series that something was stored of.
    public var series: Int
    /// Samples that were stored.
    public var samples: Int
    /// Samples that were left out, because their series has one of the same time.
    public var duplicates: Int

    public init(series: Int = 0, samples: Int = 0, duplicates: Int = 0) {
        self.series = series
        self.samples = samples
        self.duplicates = duplicates
    }
}

extension Database {
    /// Merges samples of any age with what is there. Of two samples of one series and time the one already stored stays.
    /// Durable on return. Blocks the calling thread.
    ///
    /// One call per time range of a few hours and up to a million samples is efficient.
    ///
    /// - Parameter series: no series twice; in each the samples in order of time.
    /// - Throws: where the store cannot take them; what was stored before stays.
    public func importSamples(
        _ series: [(labels: Labels, samples: SampleBuffer)]
    ) throws(StorageError) -> ImportResult {
        let refs = try resolve(series.map(\.labels))
        var result = ImportResult()
        var batch = SampleBatch(refs: [], timestamps: [], values: [])
        batch.timestamps = []
        for (ref, one) in zip(refs, series) {
            append(one.samples, ref, to: &batch)
        }
        let appended = try appendBlocking(batch)
        result.samples = appended.appended
        for rejection in appended.rejected + appended.rejectedHistograms {
            if rejection.reason == .duplicate {
                result.duplicates += 1
            } else {
                throw .io("a sample that is older than what is stored cannot be imported yet (\(rejection.reason))")
            }
        }
        result.series = series.count { $0.samples.count > 0 }
        return result
    }

    private func append(_ samples: SampleBuffer, _ ref: SeriesRef, to batch: inout SampleBatch) {
        var histograms = samples.histograms[...]
        for index in 0..<samples.count {
            if let next = histograms.first, next.index == index {
                batch.histograms.append(
                    HistogramSample(ref: ref, timestamp: samples.timestamps[index], histogram: next.histogram))
                histograms = histograms.dropFirst()
            } else {
                batch.refs.append(ref)
                batch.timestamps.append(samples.timestamps[index])
                batch.values.append(samples.values[index])
            }
        }
    }
}
