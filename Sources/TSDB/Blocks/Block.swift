/// A sealed block: samples of ``BlockTime/lengthMs``, one row per series, never changed again.
struct Block: Sendable, Equatable {
    /// Its number in ``BlockTime``.
    let number: Int64
    /// Earliest and latest time of its samples.
    let minTime: Int64
    let maxTime: Int64
    let sampleCount: Int64
    /// Length of its rows together.
    let byteCount: Int64
    /// The series that have a row.
    let series: SeriesRuns

    /// The checksum of its row: of the numbers above from `minTime` on, eight bytes each, and the list of series.
    var checksum: Int64 {
        var bytes: [UInt8] = []
        for number in [minTime, maxTime, sampleCount, byteCount] { bytes.appendFixed64(UInt64(bitPattern: number)) }
        bytes += series.encoded
        return bytes.withUnsafeBytes { Int64(TSDB.checksum($0, row: number)) }
    }

    /// The number of the row of a series: the block in the upper half, so that a block is a range of rows.
    static func row(_ block: Int64, _ series: UInt32) -> Int64 { block << 32 | Int64(series) }

    /// The first number of a block's rows.
    static func firstRow(_ block: Int64) -> Int64 { block << 32 }

    /// The last number of a block's rows.
    static func lastRow(_ block: Int64) -> Int64 { block << 32 | 0xffff_ffff }
}
