/// A row that is too long to lie well in a page, in pieces: SQLite leaves the rest of a page empty where the next row
/// does not fit, and pieces of one eighth of a page fit always.
///
///     1 byte    33
///     varint    number of the first piece among the block's rows behind those of its series
///     varint    number of pieces, at least 1
///     …         the first bytes of the row; the pieces have the others, each ``pieceBytes`` of them
///
/// Put together again it is a row as any other, with its checksum.
enum SplitRow {
    static let tag: UInt8 = 33
    /// Eight pieces, each with 17 bytes of SQLite's own, and a page's header are 16 KiB.
    static let pieceBytes = 2016

    /// How many pieces a row of `count` bytes has; 0 where it stays whole.
    static func pieces(_ count: Int) -> Int { count / pieceBytes }

    /// The row itself, and its pieces.
    static func split(_ bytes: [UInt8], firstPiece: UInt16) -> (row: [UInt8], pieces: [ArraySlice<UInt8>]) {
        let count = pieces(bytes.count)
        let start = bytes.count - count * pieceBytes
        var row = [tag]
        row.appendVarint(UInt64(firstPiece))
        row.appendVarint(UInt64(count))
        row += bytes[..<start]
        return (row, (0..<count).map { bytes[start + $0 * pieceBytes..<start + ($0 + 1) * pieceBytes] })
    }

    /// Where a row's pieces are, and its own part; nil where it is whole.
    static func header(
        _ bytes: UnsafeRawBufferPointer
    ) throws(DecodeError) -> (firstPiece: UInt16, count: Int, rest: UnsafeRawBufferPointer)? {
        guard bytes.first == tag else { return nil }
        var reader = ByteReader(bytes)
        _ = try reader.byte()
        let first = try reader.count(max: Int(UInt16.max) - 1)
        let count = try reader.count(max: Int(UInt16.max) - first)
        guard count > 0 else { throw DecodeError("it has no pieces") }
        return (UInt16(first), count, reader.rest)
    }
}
