/// What the database knows about itself at one moment, for status pages.
public struct DatabaseStats: Sendable {
    /// Series that have samples.
    public var series: Int
    /// Distinct pairs of label name and value.
    public var labelPairs: Int
    /// Chunks in memory.
    public var headChunks: Int
    /// Earliest and latest time in memory, in milliseconds since the Unix epoch; nil where nothing is.
    public var headMinTime: Int64?
    public var headMaxTime: Int64?
    /// Samples stored since the database was opened.
    public var samplesAppended: Int
    /// Samples refused since then, by reason.
    public var samplesOutOfOrder: Int
    public var samplesDuplicate: Int
    public var samplesTooOld: Int
    public var samplesOfUnknownSeries: Int
    /// Journal records written since then, and their bytes.
    public var journalRecords: Int
    public var journalBytes: Int
    /// Samples read from the journal at opening.
    public var journalReplayed: Int
    /// Sealed blocks, with their samples and the bytes of their rows.
    public var blocks: Int
    public var blockSamples: Int64
    public var blockBytes: Int64
    /// Earliest time in blocks.
    public var blockMinTime: Int64?
    /// Blocks sealed and deleted since the database was opened.
    public var seals: Int
    public var blocksDeleted: Int
    /// Commits that failed, and seals or deletions that did, since then.
    public var writeFailures: Int
    public var maintenanceFailures: Int
    /// Damaged rows and records met since then.
    public var corruptions: Int
    /// Bytes of the database's file and of its write-ahead log.
    public var databaseBytes: Int64
    public var logBytes: Int64
    /// What went wrong, newest last.
    public var problems: [String]
}

/// Which names and values there are many of, as Prometheus's `/api/v1/status/tsdb` lists them: each list by count,
/// greatest first, then by name.
public struct Cardinality: Sendable {
    public struct Entry: Sendable, Equatable {
        public let name: String
        public let count: Int
    }

    /// Metric names by their series.
    public var seriesByMetricName: [Entry]
    /// Label names by their distinct values.
    public var valuesByLabelName: [Entry]
    /// Label names by the bytes of their values, counted once per series.
    public var bytesByLabelName: [Entry]
    /// `name=value` by series.
    public var seriesByLabelPair: [Entry]
}

/// A sealed block at one moment: merging makes another one of it.
public struct BlockSummary: Sendable, Equatable {
    /// A number that no other block ever has.
    public var number: Int64
    /// Earliest and latest time of its samples, in milliseconds since the Unix epoch.
    public var minTime: Int64
    public var maxTime: Int64
    /// Series that have samples in it.
    public var seriesCount: Int
    public var sampleCount: Int64
}
