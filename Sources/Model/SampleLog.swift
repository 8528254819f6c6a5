/// What a store has taken, in the order in which it came, for those who send it on.
///
/// A follower has a name and a durable position. The store keeps what followers have not had yet for as long as it keeps
/// the samples themselves; beyond that it goes on without them, and says so.
public protocol SampleLog: Sendable {
    /// Makes these the followers: what others had left is forgotten, and new ones begin with what comes from now on.
    /// Blocks the calling thread.
    func setFollowers(_ names: [String]) throws(StorageError)

    /// Opens the log where the follower called `name` has come to. One at a time.
    func follow(_ name: String) throws(StorageError) -> any LogFollower

    /// Grows when something was appended, and only once that can be read.
    var logLength: Int { get }
}

/// Reads a store's log for one follower. Every call may block on the disk. Used by one thread.
public protocol LogFollower: AnyObject {
    /// As it was saved last.
    var position: LogPosition { get }

    /// How often the store went on without what was not read yet.
    var skips: Int { get }

    /// Appends records to `part`, until it holds `samplesMax` samples or more, or there are none left.
    ///
    /// - Parameters:
    ///   - end: the last record wanted; nil where all are.
    func read(into part: inout LogPart, samplesMax: Int, through end: Int64?) throws(StorageError)

    /// Exemplars behind the one numbered `id`, at most `max` and none behind `end`, in the order in which they came, and
    /// the number of the last.
    func exemplars(after id: Int64, through end: Int64?, max: Int) throws(StorageError) -> (
        samples: [ExemplarSample], last: Int64
    )

    /// The labels of a series; nil where it has been deleted meanwhile.
    func labels(_ series: SeriesRef) -> Labels?

    /// Makes a position durable. What lies before it is no longer kept for this follower.
    func save(_ position: LogPosition) throws(StorageError)
}

/// How far a follower has come.
public struct LogPosition: Sendable, Equatable {
    /// The record up to which all is done with.
    public var record: Int64
    /// The same of exemplars.
    public var exemplar: Int64
    /// The record up to which sending has begun: what lies between was sent or not.
    public var begunRecord: Int64
    public var begunExemplar: Int64
    /// A number of the follower's own, which it needs to begin the same again.
    public var note: Int64

    public init(record: Int64, exemplar: Int64, begunRecord: Int64, begunExemplar: Int64, note: Int64 = 0) {
        self.record = record
        self.exemplar = exemplar
        self.begunRecord = begunRecord
        self.begunExemplar = begunExemplar
        self.note = note
    }

    /// Everything up to here is done with.
    public init(record: Int64, exemplar: Int64) {
        self.init(record: record, exemplar: exemplar, begunRecord: record, begunExemplar: exemplar)
    }

    /// Whether something was begun and not ended.
    public var isBegun: Bool { begunRecord > record || begunExemplar > exemplar }
}

/// Some of a log's samples.
public struct LogPart: Sendable {
    public struct Sample: Sendable {
        public var series: SeriesRef
        /// Milliseconds since the Unix epoch.
        public var timestamp: Int64
        /// Of a histogram it means nothing.
        public var value: Double
        /// The place in ``LogPart/histograms``; −1 for a float.
        public var histogram: Int32 = -1

        public init(series: SeriesRef, timestamp: Int64, value: Double) {
            self.series = series
            self.timestamp = timestamp
            self.value = value
        }
    }

    /// In the order in which they came.
    public var samples: [Sample] = []
    public var histograms: [Histogram] = []
    /// The last record that is in it; nil where none is.
    public var lastRecord: Int64?
    /// Records that could not be decoded.
    public var damagedRecords = 0

    public init() {}
}
