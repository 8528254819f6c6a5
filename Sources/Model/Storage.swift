/// The reading side of a store, as the query engine and the HTTP API see it.
///
/// The seam is coarse on purpose: an engine names matchers and a time range once per selector, and receives per series
/// its labels and all its samples in one decoded run. Nothing crosses it once per sample.
public protocol Queryable: Sendable {
    /// Opens a consistent view: what was acknowledged before the call is in it, and nothing acknowledged later is.
    ///
    /// - Parameters:
    ///   - minTime: the earliest time that will be asked for, in milliseconds since the Unix epoch.
    ///   - maxTime: the latest, included.
    /// - Throws: ``StorageError`` where the store cannot be read.
    func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier
}

/// A consistent view of a store. Every call may block on the disk, so that none belongs on a cooperative thread.
///
/// Thread-safe: several workers may read series of one view at once.
public protocol Querier: AnyObject, Sendable {
    /// The series that all `matchers` select and that may have samples in the hinted range, sorted by labels.
    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet

    /// Names of the labels of the series that any of `selectors` selects (of all series where it is empty), sorted.
    /// - Parameter limit: the most names wanted; 0 means all.
    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String]

    /// Distinct values of the label `name` among the series that any of `selectors` selects, sorted.
    /// - Parameter limit: the most values wanted; 0 means all.
    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String]

    /// Labels of the series that any of `selectors` selects and that have samples in the view's range, sorted.
    /// - Parameter limit: the most series wanted; 0 means all.
    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels]

    /// Gives back what the view holds. Calls after it throw.
    func close()
}

/// What an engine knows about how it will use what it selects.
public struct SelectHints: Sendable {
    /// The earliest sample time of use, in milliseconds since the Unix epoch, included.
    public var minTime: Int64
    /// The latest sample time of use, included.
    public var maxTime: Int64
    /// Distance of evaluation steps in milliseconds; 0 for an instant.
    public var step: Int64
    /// The function or aggregation right around the selector, such as `rate`; empty where there is none.
    public var function: String
    /// Whether nobody waits for the answer any more; asked by what takes long to give one.
    public var isOver: @Sendable () -> Bool = { false }

    public init(minTime: Int64, maxTime: Int64, step: Int64 = 0, function: String = "") {
        self.minTime = minTime
        self.maxTime = maxTime
        self.step = step
        self.function = function
    }
}

/// The series that one selector selects.
public protocol SeriesSet: Sendable {
    var count: Int { get }

    /// The labels of series `index`; the set is sorted by them.
    func labels(_ index: Int) -> Labels

    /// Appends to `buffer` the samples of series `index` in the hinted range, in time order, staleness markers
    /// included; native histograms and start times where it has some. Several threads may read at once, each into its own
    /// buffer.
    ///
    /// - Throws: ``StorageError/corrupted(_:)`` where a row cannot be decoded.
    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError)
}

/// Exemplars of a store.
public protocol ExemplarQueryable: Sendable {
    /// The exemplars from `minTime` to `maxTime`, in milliseconds and both included, of the series that any of
    /// `selectors` selects: per series that has some its labels and its exemplars in time order, sorted by labels.
    func exemplars(
        _ selectors: [[Matcher]], minTime: Int64, maxTime: Int64
    ) throws(StorageError) -> [(series: Labels, exemplars: [Exemplar])]
}

/// Why a store could not do what it was asked.
public enum StorageError: Error, Sendable, Equatable {
    /// The database cannot be opened; the text names the path and what to do.
    case cannotOpen(String)
    /// Another process has the database open for writing; the text says which.
    case locked(String)
    /// The disk refuses writes; queries are still answered.
    case diskFull(String)
    /// Stored bytes do not decode; the text names the row.
    case corrupted(String)
    /// The store or view was closed.
    case closed
    /// Any other failure of SQLite or the system, with its message.
    case io(String)
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotOpen(let text), .locked(let text), .diskFull(let text), .corrupted(let text), .io(let text): text
        case .closed: "the store is closed"
        }
    }
}
