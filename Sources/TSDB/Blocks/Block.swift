/// A sealed block: the samples of a stretch of time, one row per series. Blocks do not overlap.
///
/// A block is replaced as a whole when blocks are merged; its rows are rewritten where late samples, an import or a
/// deletion change them.
struct Block: Sendable, Equatable {
    /// Its number, which says nothing about its time; greater than those of all blocks that were made before it.
    let number: Int64
    /// What it covers: samples from `start` to before `end` go into this block.
    let start: Int64
    let end: Int64
    /// 0: sealed from the head; 1: merged of some such; 2: all of its window.
    var level: Int64 = 0
    /// Earliest and latest time of its samples.
    var minTime: Int64
    var maxTime: Int64
    var sampleCount: Int64
    /// Length of its rows together.
    var byteCount: Int64
    /// The series that have a row.
    var series: SeriesRuns
    /// Another one each time that rows change in this process; not stored.
    var revision = 0

    /// A level for blocks that are not merged any further.
    static let levelMax: Int64 = 2

    /// The checksum of its row: of the numbers above from `start` on, eight bytes each, and the list of series.
    var checksum: Int64 {
        var bytes: [UInt8] = []
        for number in [start, end, level, minTime, maxTime, sampleCount, byteCount] {
            bytes.appendFixed64(UInt64(bitPattern: number))
        }
        bytes += series.encoded
        return bytes.withUnsafeBytes { Int64(TSDB.checksum($0, row: number)) }
    }

    /// The number of the row of a series: the block in the upper half, so that a block is a range of rows.
    static func row(_ block: Int64, _ series: UInt32) -> Int64 { block << 32 | Int64(series) }

    /// The number of a row that is not a series': a list of timestamps that several series share, or a piece of a
    /// ``SplitRow``. These lie behind the rows of the series, whose numbers end at ``SeriesIndex/seriesEnd``.
    static func extraRow(_ block: Int64, _ number: UInt16) -> Int64 {
        block << 32 | Int64(SeriesIndex.seriesEnd) + Int64(number)
    }

    /// How many rows a block can have that are not a series'.
    static let extraRowsMax = 65_535

    /// The first number of a block's rows.
    static func firstRow(_ block: Int64) -> Int64 { block << 32 }

    /// The last number of a block's rows.
    static func lastRow(_ block: Int64) -> Int64 { block << 32 | 0xffff_ffff }

    /// What a block's number can be: it is the upper half of rows' numbers.
    static let numbers = Int64(Int32.min + 1)...Int64(Int32.max - 1)
}
