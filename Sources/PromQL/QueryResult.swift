import Model
import Synchronization

/// What a query evaluates to.
public enum QueryValue: Sendable {
    case scalar(timestampMs: Int64, value: Double)
    case string(timestampMs: Int64, value: String)
    case vector([VectorSample])
    case matrix([MatrixSeries])

    /// How many series there are; 1 for a scalar or a string.
    public var seriesCount: Int {
        switch self {
        case .scalar, .string: 1
        case .vector(let samples): samples.count
        case .matrix(let series): series.count
        }
    }
}

/// One series of an instant vector.
public struct VectorSample: Sendable {
    public var labels: Labels
    public var timestampMs: Int64
    /// The number; means nothing where there is a histogram.
    public var value: Double
    /// The native histogram that it is instead of a number.
    public var histogram: Histogram?

    public init(labels: Labels, timestampMs: Int64, value: Double, histogram: Histogram? = nil) {
        self.labels = labels
        self.timestampMs = timestampMs
        self.value = value
        self.histogram = histogram
    }
}

/// One series of a range query's answer: columns of equal length, in time order, with no point where there is none.
public struct MatrixSeries: Sendable {
    public var labels: Labels
    /// Milliseconds since the Unix epoch.
    public var timestamps: [Int64]
    public var values: [Double]
    /// The points that are native histograms rather than numbers, in time order; at none of the times of the numbers.
    public var histograms: [HistogramPoint]

    public init(labels: Labels, timestamps: [Int64], values: [Double], histograms: [HistogramPoint] = []) {
        self.labels = labels
        self.timestamps = timestamps
        self.values = values
        self.histograms = histograms
    }
}

/// A native histogram at a time.
public struct HistogramPoint: Sendable {
    /// Milliseconds since the Unix epoch.
    public var timestampMs: Int64
    public var histogram: Histogram

    public init(timestampMs: Int64, histogram: Histogram) {
        self.timestampMs = timestampMs
        self.histogram = histogram
    }
}

public struct QueryResult: Sendable {
    public var value: QueryValue
    /// What may be wrong with the answer, each once.
    public var warnings: [String]
    /// What may be worth knowing about the query, each once.
    public var infos: [String]
    public var stats: QueryStats

    public init(value: QueryValue, warnings: [String] = [], infos: [String] = [], stats: QueryStats = QueryStats()) {
        self.value = value
        self.warnings = warnings
        self.infos = infos
        self.stats = stats
    }
}

public struct QueryStats: Sendable {
    /// Samples that range functions and selectors looked at, summed over steps as Prometheus counts them.
    public var totalQueryableSamples = 0
    /// Of which at each step of the query; empty where that was not asked for.
    public var samplesAtStep: [Int] = []
    /// The most samples held at a time.
    public var peakSamples = 0
    public var evalTotalSeconds = 0.0
    /// Of which opening a view of the store and looking for series took.
    public var preparationSeconds = 0.0
    /// Of which sorting the answer took.
    public var sortSeconds = 0.0

    public init() {}
}

/// Why a query has no answer.
public enum QueryError: Error, Sendable {
    /// The text is no valid expression: HTTP 400 `bad_data`. The message begins with `line:column: parse error:`.
    case parse(String)
    /// The expression cannot be evaluated on this data: HTTP 422 `execution`.
    case execution(String)
    /// It ran out of time: HTTP 503 `timeout`.
    case timeout(String)
    /// The client left or the server stops: HTTP 499 `canceled`.
    case canceled(String)
    /// The store failed: HTTP 500 `internal`.
    case storage(StorageError)
}

extension QueryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .parse(let text), .execution(let text), .timeout(let text), .canceled(let text): text
        case .storage(let error): error.description
        }
    }
}

/// A flag that ends a running query from another thread. Thread-safe.
public final class CancellationFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    public func cancel() { flag.store(true, ordering: .relaxed) }

    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
