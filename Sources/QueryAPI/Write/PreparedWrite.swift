import Model

/// A write request whose series are resolved.
struct PreparedWrite: Sendable {
    struct Series: Sendable {
        /// The bytes of `message` that its labels are read from.
        let source: Range<Int>
        /// Where its samples, histograms and exemplars begin in the batch; they end where those of the next one begin.
        let start: WriteRequest.Position
        /// Its key in the cache; nil where it has none.
        let key: SeriesCache.Key?
    }

    let version: WriteRequest.Version
    var batch: SampleBatch
    let metadata: [MetricMetadata]
    /// What of the request cannot be stored, known before anything is.
    var problems: [String]
    /// Samples and histograms that the batch lacks because of their labels.
    var invalidSampleCount: Int
    /// The decompressed request, which labels are read from when a message has to name a series.
    let message: [UInt8]
    /// See ``WrittenLabels/symbols``.
    let symbols: [Range<Int>]?
    let series: [Series]

    /// The labels of series `index`.
    func labels(ofSeries index: Int) -> Labels {
        message.withUnsafeBytes { bytes in
            // They decoded when they were resolved first.
            (try? WrittenLabels(message: bytes, symbols: symbols).labels(series[index].source)) ?? .empty
        }
    }

    /// The series of the batch's sample, histogram or exemplar `index`.
    func seriesIndex(of index: Int, _ kind: KeyPath<WriteRequest.Position, Int>) -> Int {
        var low = 0
        var high = series.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if series[middle].start[keyPath: kind] <= index { low = middle } else { high = middle }
        }
        return low
    }

    func describe(_ rejections: Rejections) -> [String] {
        rejections.samples.map { rejection in
            let value = formatFloat(batch.values[rejection.index], .general)
            return describe(
                rejection, "sample", \.sample, "timestamp \(batch.timestamp(rejection.index)), value \(value)")
        }
            + rejections.histograms.map {
                describe($0, "sample", \.histogram, "timestamp \(batch.histograms[$0.index].timestamp), histogram")
            }
            + rejections.exemplars.map {
                describe($0, "exemplar", \.exemplar, "timestamp \(batch.exemplars[$0.index].exemplar.timestamp)")
            }
    }

    private func describe(
        _ rejection: AppendResult.Rejection, _ noun: String, _ kind: KeyPath<WriteRequest.Position, Int>, _ what: String
    ) -> String {
        let reason = rejection.reason.description(noun)
        return "\(reason): series \(labels(ofSeries: seriesIndex(of: rejection.index, kind))), \(what)"
    }

    /// What the store did not take of a batch.
    struct Rejections {
        var samples: [AppendResult.Rejection] = []
        var histograms: [AppendResult.Rejection] = []
        var exemplars: [AppendResult.Rejection] = []

        var count: Int { samples.count + histograms.count + exemplars.count }

        init() {}

        init(_ result: AppendResult) {
            samples = result.rejected
            histograms = result.rejectedHistograms
            exemplars = result.rejectedExemplars
        }

        /// Splits off those whose series is unknown.
        mutating func removeUnknown() -> Rejections {
            var unknown = Rejections()
            for list in [\Rejections.samples, \.histograms, \.exemplars] {
                unknown[keyPath: list] = self[keyPath: list].filter { $0.reason == .unknownSeries }
                self[keyPath: list].removeAll { $0.reason == .unknownSeries }
            }
            return unknown
        }

        /// The first of them, at most `count`.
        func prefix(_ count: Int) -> Rejections {
            var shown = Rejections()
            shown.samples = Array(samples.prefix(count))
            shown.histograms = Array(histograms.prefix(count - shown.count))
            shown.exemplars = Array(exemplars.prefix(count - shown.count))
            return shown
        }
    }
}

extension AppendResult.Reason {
    /// The reason in Prometheus's words.
    /// - Parameter noun: what was refused.
    func description(_ noun: String) -> String {
        switch self {
        case .outOfOrder: "out of order \(noun)"
        case .duplicate: "duplicate \(noun) for timestamp"
        case .tooOld: "out of bounds"
        case .unknownSeries: "unknown series"
        case .invalid: "invalid native histogram"
        }
    }
}
