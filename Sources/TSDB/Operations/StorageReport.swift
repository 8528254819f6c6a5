import Model

/// Where a database's bytes are.
public struct StorageReport: Sendable {
    /// Samples and bytes of a part of the database.
    public struct Usage: Sendable {
        /// What the part is: a metric, a series, an encoding or a day.
        public var name: String
        /// How many series a metric has; rows otherwise.
        public var count = 0
        public var samples: Int64 = 0
        /// Bytes of rows; a list of timestamps that series share counts for each with its part.
        public var bytes: Int64 = 0

        /// Bytes per sample, or nil where there is none.
        public var bytesPerSample: Double? { samples > 0 ? Double(bytes) / Double(samples) : nil }
    }

    /// Bytes of the file and of its write-ahead log, and of the file's pages that are free.
    public internal(set) var fileBytes: Int64 = 0
    public internal(set) var logBytes: Int64 = 0
    public internal(set) var freeBytes: Int64 = 0
    /// Bytes of the rows of blocks, lists of timestamps included, and of rows of blocks that do not count any more or not
    /// yet.
    public internal(set) var blockBytes: Int64 = 0
    public internal(set) var leftoverBytes: Int64 = 0
    /// Bytes of journal records, of series with their labels, of exemplars, and of what was set aside as damaged.
    public internal(set) var journalBytes: Int64 = 0
    public internal(set) var seriesBytes: Int64 = 0
    public internal(set) var exemplarBytes: Int64 = 0
    public internal(set) var damagedBytes: Int64 = 0

    /// Samples in blocks, and samples in the journal that are in no block.
    public internal(set) var blockSamples: Int64 = 0
    public internal(set) var journalSamples: Int64 = 0
    /// Rows of blocks that do not decode; `tsdb check` names them.
    public internal(set) var damagedRows = 0
    public internal(set) var series = 0
    public internal(set) var blocks = 0
    /// The times of the earliest and the latest sample, in milliseconds since the Unix epoch; nil where there is none.
    public internal(set) var minTime: Int64?
    public internal(set) var maxTime: Int64?

    /// What is in blocks, by metric and by series, by bytes, greatest first; by encoding; and by day, newest first.
    public internal(set) var byMetric: [Usage] = []
    public internal(set) var bySeries: [Usage] = []
    public internal(set) var byEncoding: [Usage] = []
    public internal(set) var byDay: [Usage] = []

    /// What the file has beside the rows' bytes and free pages: page headers, row numbers, and room at the ends of pages.
    public var overheadBytes: Int64 {
        fileBytes - freeBytes - blockBytes - leftoverBytes - journalBytes - seriesBytes - exemplarBytes - damagedBytes
    }

    /// Bytes of the file per sample, free pages left out; nil where there is no sample.
    public var bytesPerSample: Double? {
        let samples = blockSamples + journalSamples
        return samples > 0 ? Double(fileBytes - freeBytes) / Double(samples) : nil
    }
}

extension Database {
    /// Adds up where a database's bytes are, as of one moment and beside a process that writes it. Reads all rows of
    /// blocks, without decoding them. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - path: the database's directory or its file.
    ///   - limit: the most entries of the lists by metric and by series.
    ///   - progress: called now and then by the calling thread.
    public static func storageReport(
        _ path: String, limit: Int = 20, progress: @escaping OperationProgress.Report = { _ in }
    ) throws(StorageError) -> StorageReport {
        let collector = try StorageCollector(try connectForReading(path), progress)
        return try collector.collect(limit: max(0, limit))
    }
}
