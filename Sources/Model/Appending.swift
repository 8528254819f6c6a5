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

/// What became of a batch.
public struct AppendResult: Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// Older than the newest sample of its series.
        case outOfOrder
        /// As old as the newest sample of its series, with another value.
        case duplicate
        /// Older than anything that the head still takes, or too far ahead of the clock.
        case tooOld
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

    /// How many samples were stored. One that repeats the newest sample of its series exactly counts as stored.
    public var appended: Int
    /// In ascending order of index.
    public var rejected: [Rejection]

    public init(appended: Int = 0, rejected: [Rejection] = []) {
        self.appended = appended
        self.rejected = rejected
    }
}
