/// Where the journal stands: in which segment the next record goes, and how far the samples of each segment reach.
///
/// A record's number has its segment in the upper half and a counter in the lower one, so that the records of a segment
/// are a range of rows. Segments are deleted from the front, each when all its samples are in blocks. No record builds on
/// one of another segment.
struct JournalPosition: Equatable {
    struct Segment: Equatable {
        let number: Int64
        /// The newest time in the journal when the segment began.
        let startTime: Int64
        /// The newest time in it and in all before it.
        var maxTime: Int64
    }

    /// Ascending; the last one is written to.
    private(set) var segments: [Segment] = []
    private var counter: Int64 = 0
    private var mustStartSegment = false

    /// A segment ends when the samples have gone on by this much: the journal is trimmed by that much more or less.
    static let segmentMs: Int64 = 10 * 60_000

    /// Gives the number for a record whose newest sample is at `time`, and says whether it is the first of a segment.
    mutating func next(reaching time: Int64) -> (row: Int64, isFirst: Bool) {
        let isFirst = startsSegment(time)
        if isFirst {
            let newest = max(time, segments.last?.maxTime ?? .min)
            segments.append(
                Segment(number: (segments.last?.number ?? lastNumber) + 1, startTime: newest, maxTime: newest))
            counter = 0
            mustStartSegment = false
        }
        let last = segments.count - 1
        segments[last].maxTime = max(segments[last].maxTime, time)
        defer { counter += 1 }
        return (segments[last].number << 32 | counter, isFirst)
    }

    /// Says where the records from now on begin to lie: with others that reach to `end` or beyond, and otherwise in a
    /// segment of their own, so that those before can be deleted without them.
    /// - Returns: the first row of their segment.
    mutating func separate(from end: Int64) -> Int64 {
        if let last = segments.last, last.maxTime >= end { return last.number << 32 }
        mustStartSegment = true
        return ((segments.last?.number ?? lastNumber) + 1) << 32
    }

    private func startsSegment(_ time: Int64) -> Bool {
        guard !mustStartSegment, let last = segments.last, counter <= 0xffff_ffff else { return true }
        let end = last.startTime.addingReportingOverflow(JournalPosition.segmentMs)
        return !end.overflow && time >= end.partialValue
    }

    /// Notes a record that was found at opening, in ascending order of rows.
    ///
    /// - Parameter maxTime: the time of its newest sample, or nil where it is damaged.
    mutating func replayed(_ row: Int64, maxTime: Int64?) {
        let number = row >> 32
        if segments.last?.number != number {
            let newest = max(maxTime ?? .min, segments.last?.maxTime ?? .min)
            segments.append(Segment(number: number, startTime: newest, maxTime: newest))
        }
        let last = segments.count - 1
        segments[last].maxTime = max(segments[last].maxTime, maxTime ?? .min)
        counter = (row & 0xffff_ffff) + 1
    }

    /// The number of the last segment that is gone.
    private var lastNumber: Int64 = 0
    /// Where the records began that were not sealed when the database was opened.
    private(set) var startRow: Int64 = 0

    init() {}

    init(startRow: Int64) {
        self.startRow = startRow
        lastNumber = max(0, startRow >> 32 - 1)
    }

    /// Lets all numbers from now on be greater than that of the record `row`'s segment.
    mutating func pass(_ row: Int64) { lastNumber = max(lastNumber, row >> 32) }

    /// The number of the last record, or one behind it and before the next.
    var lastRow: Int64 { segments.last.map { $0.number << 32 | (counter - 1) } ?? lastNumber << 32 | 0xffff_ffff }

    /// The first row of the segments that reach to `end` or beyond; all records before it have only older samples.
    func firstRow(reaching end: Int64) -> Int64 {
        let number = segments.first { $0.maxTime >= end }?.number ?? (segments.last?.number ?? lastNumber) + 1
        return number << 32
    }

    /// Forgets the segments before `row`, whose records were deleted.
    mutating func removed(before row: Int64) {
        if let last = segments.last { lastNumber = max(lastNumber, last.number) }
        segments.removeAll { $0.number << 32 < row }
    }
}
