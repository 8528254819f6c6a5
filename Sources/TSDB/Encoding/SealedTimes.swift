/// A list of timestamps that several rows of a block have in common, such as all series of one scrape, as a row of its
/// own:
///
///     1 byte    16
///     varint    number of timestamps, at least 1
///     column    ``NumberColumn`` of timestamps, less the start of the block
///     4 bytes   checksum of all before, seeded with the row's number
enum SealedTimes {
    /// Apart from the numbers of ``SealedChunk/Encoding``, so that one is not taken for the other.
    private static let tag: UInt8 = 16

    /// The row of `times`, 1...``SealedChunk/samplesMax`` of them, ascending.
    ///
    /// - Parameter encoder: kept by whoever encodes several.
    static func encode(
        _ times: UnsafeBufferPointer<Int64>, row: Int64, blockStart: Int64,
        with encoder: SealedEncoder = SealedEncoder()
    ) -> [UInt8] {
        precondition(
            !times.isEmpty && times.count <= SealedChunk.samplesMax, "BUG: a list of \(times.count) timestamps")
        var bytes: [UInt8] = [tag]
        bytes.appendVarint(UInt64(times.count))
        encoder.appendTimes(times, since: blockStart, to: &bytes)
        bytes.appendFixed32(bytes.withUnsafeBytes { checksum($0, row: row) })
        return bytes
    }

    /// The timestamps of a row, strictly ascending.
    static func decode(_ bytes: UnsafeRawBufferPointer, row: Int64, blockStart: Int64) throws(DecodeError) -> [Int64] {
        var reader = ByteReader(try checkedBody(bytes, row: row))
        let tag = try reader.byte()
        guard tag == Self.tag else { throw DecodeError("\(tag) does not begin a list of timestamps") }
        let count = try reader.count(max: SealedChunk.samplesMax)
        guard count > 0 else { throw DecodeError("it has no timestamps") }
        var times = [Int64](repeating: 0, count: count)
        try withPadding(reader.rest) { (padded) throws(DecodeError) in
            var reader = ByteReader(padded)
            try times.withUnsafeMutableBufferPointer { (times) throws(DecodeError) in
                guard let base = times.baseAddress else { return }
                try reader.timeColumn(count, since: blockStart, into: base)
            }
            guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        }
        return times
    }
}

extension SealedEncoder {
    /// Appends a column of timestamps, less `start`.
    func appendTimes(_ times: UnsafeBufferPointer<Int64>, since start: Int64, to bytes: inout [UInt8]) {
        let distances = self.times.room(times.count)
        for index in times.indices { distances[index] = times[index] &- start }
        columns.append(distances, times.count, to: &bytes)
    }
}

extension ByteReader {
    /// Reads what ``SealedEncoder/appendTimes(_:since:to:)`` wrote, and checks that it ascends. The bytes that are read from
    /// have ``xorDecodePaddingBytes`` behind them.
    mutating func timeColumn(
        _ count: Int, since start: Int64, into times: UnsafeMutablePointer<Int64>
    ) throws(DecodeError) {
        try numberColumn(count, into: times)
        times[0] &+= start
        var ascend = true
        for index in 1..<max(count, 1) {
            times[index] &+= start
            ascend = ascend && times[index] > times[index - 1]
        }
        guard ascend else { throw DecodeError("its timestamps do not ascend") }
    }
}
