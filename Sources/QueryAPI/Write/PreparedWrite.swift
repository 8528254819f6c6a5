import Model

/// A write request whose series are resolved.
struct PreparedWrite: Sendable {
    var batch: SampleBatch
    var metadata: [MetricMetadata]
    /// What of the request cannot be stored, known before anything is.
    var problems: [String]
    var sampleCount: Int
    var invalidSampleCount: Int
    /// The decompressed request, which labels are read from when a message has to name a series.
    let message: [UInt8]

    struct Series: Sendable {
        /// The bytes of `message` that its labels are read from.
        let source: Range<Int>
        /// Its first sample in the batch; the others follow.
        let sampleStart: Int
        /// Its key in the cache; nil where it has none.
        let key: SeriesCache.Key?
    }

    let series: [Series]

    /// The labels of the series of sample `index`.
    func labels(ofSample index: Int) -> Labels {
        let source = series[seriesIndex(ofSample: index)].source
        return message.withUnsafeBytes { bytes in
            // They decoded when they were resolved first.
            (try? writtenLabels(UnsafeRawBufferPointer(rebasing: bytes[source]))) ?? .empty
        }
    }

    func key(ofSample index: Int) -> SeriesCache.Key? { series[seriesIndex(ofSample: index)].key }

    private func seriesIndex(ofSample index: Int) -> Int {
        var low = 0
        var high = series.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if series[middle].sampleStart <= index { low = middle } else { high = middle }
        }
        return low
    }

    func describe(_ rejection: AppendResult.Rejection) -> String {
        let reason =
            switch rejection.reason {
            case .outOfOrder: "out of order sample"
            case .duplicate: "duplicate sample for timestamp"
            case .tooOld: "out of bounds"
            case .unknownSeries: "unknown series"
            case .invalid: "invalid native histogram"
            }
        let labels = labels(ofSample: rejection.index)
        let value = formatFloat(batch.values[rejection.index], .general)
        return "\(reason): series \(labels), timestamp \(batch.timestamp(rejection.index)), value \(value)"
    }
}
