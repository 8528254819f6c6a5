/// A series as a store knows it: a number that is never given to another series, valid while the store is open.
public struct SeriesRef: Hashable, Sendable {
    public let id: UInt32

    public init(id: UInt32) { self.id = id }
}

/// The writing side of a store, as the scraper and the remote-write receiver see it.
public protocol Appendable: Sendable {
    /// The series with these labels, created where they are new. A new series is durable with its first sample.
    ///
    /// - Returns: one reference per element of `labels`, in the same order.
    func resolve(_ labels: [Labels]) throws(StorageError) -> [SeriesRef]

    /// Appends samples and returns when they are durable and visible to queries begun afterwards.
    ///
    /// What can be appended is; what cannot is listed, and does not stop the rest.
    func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult

    /// Remembers type, help and unit of metrics, replacing what was known of them. Durable when it returns.
    func setMetadata(_ metadata: [MetricMetadata]) async throws(StorageError)
}

/// Samples that are appended together, as columns.
public struct SampleBatch: Sendable {
    /// Per sample its series. Of two samples of one series in a batch the earlier comes first.
    public var refs: [SeriesRef]
    /// Milliseconds since the Unix epoch: one per sample, or a single element that holds for all.
    public var timestamps: [Int64]
    public var values: [Double]
    /// Per sample in ``values`` the time in milliseconds from which on its counter counts, 0 where it is not known; empty
    /// where it is known of none.
    public var startTimes: [Int64] = []
    /// Samples that are native histograms. Of two samples of one series in a batch the earlier comes first.
    public var histograms: [HistogramSample] = []
    public var exemplars: [ExemplarSample] = []

    public init(refs: [SeriesRef], timestamps: [Int64], values: [Double]) {
        precondition(refs.count == values.count, "BUG: \(refs.count) series for \(values.count) values")
        precondition(
            timestamps.count == refs.count || timestamps.count == 1,
            "BUG: \(timestamps.count) timestamps for \(refs.count) samples")
        self.refs = refs
        self.timestamps = timestamps
        self.values = values
    }

    @inlinable
    public func timestamp(_ index: Int) -> Int64 {
        timestamps.count == 1 ? timestamps[0] : timestamps[index]
    }
}

/// A native histogram to append.
public struct HistogramSample: Sendable {
    public var ref: SeriesRef
    public var timestamp: Int64
    public var histogram: Histogram
    /// The time in milliseconds from which on it counts; 0 where it is not known.
    public var startTime: Int64

    public init(ref: SeriesRef, timestamp: Int64, histogram: Histogram, startTime: Int64 = 0) {
        self.ref = ref
        self.timestamp = timestamp
        self.histogram = histogram
        self.startTime = startTime
    }
}

/// An exemplar: one observation that a series stands for, with labels that lead to its trace.
public struct Exemplar: Sendable, Hashable {
    public var labels: Labels
    /// Milliseconds since the Unix epoch.
    public var timestamp: Int64
    public var value: Double

    public init(labels: Labels, timestamp: Int64, value: Double) {
        self.labels = labels
        self.timestamp = timestamp
        self.value = value
    }
}

/// An exemplar to append.
public struct ExemplarSample: Sendable {
    public var ref: SeriesRef
    public var exemplar: Exemplar
    /// Whether it came with a time of its own; without one it repeats another that has none but for the time.
    public var isDated: Bool

    public init(ref: SeriesRef, exemplar: Exemplar, isDated: Bool = true) {
        self.ref = ref
        self.exemplar = exemplar
        self.isDated = isDated
    }

    /// Whether it says what `other` says, which is of the same series.
    /// - Source: Prometheus 3.5, `exemplar.Equals`.
    public func repeats(_ other: ExemplarSample) -> Bool {
        exemplar.labels == other.exemplar.labels && exemplar.value == other.exemplar.value
            && (exemplar.timestamp == other.exemplar.timestamp || !isDated && !other.isDated)
    }
}

/// What became of a batch.
public struct AppendResult: Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// Older than the newest sample of its series.
        case outOfOrder
        /// As old as the newest sample of its series, with another value.
        case duplicate
        /// Older than anything that the head still takes, or too far ahead of the clock.
        case tooOld
        /// A native histogram whose numbers contradict one another.
        case invalid
        /// The reference is of a series that was forgotten; resolve its labels again.
        case unknownSeries
    }

    public struct Rejection: Sendable, Equatable {
        /// The sample's index in the batch.
        public let index: Int
        public let reason: Reason

        public init(index: Int, reason: Reason) {
            self.index = index
            self.reason = reason
        }
    }

    /// How many samples were stored, histograms included. One that repeats the newest sample of its series exactly counts as stored.
    public var appended: Int
    /// In ascending order of index.
    public var rejected: [Rejection]
    /// Histograms that were not stored; the indices are those in ``SampleBatch/histograms``.
    public var rejectedHistograms: [Rejection] = []
    /// Exemplars that were not stored; the indices are those in ``SampleBatch/exemplars``. An exemplar that repeats the
    /// newest one of its series counts as stored.
    public var rejectedExemplars: [Rejection] = []

    public init(appended: Int = 0, rejected: [Rejection] = []) {
        self.appended = appended
        self.rejected = rejected
    }
}
