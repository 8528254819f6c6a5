import Model

/// All samples of one series in one block, as one row of the `chunk` table:
///
///     1 byte    encoding of the payload
///     varint    number of samples, at least 1
///     varint    time of the first one; in encodings 1 and 2 less the start of the block
///     varint    time of the last one, less that of the first
///     varint    timestamps: 0: they are in the payload; else one more than the number of the block's list of timestamps
///               (not there in encodings 1 and 2, whose timestamps are in the payload)
///     …         payload
///     4 bytes   checksum of all before, seeded with the row's number
///
/// The payload of encoding 3 is a ``NumberColumn`` of timestamps, less the first one, unless they are a list's, and a
/// ``ValueColumn``.
enum SealedChunk {
    /// How the payload is encoded. Numbers are never given another meaning; 16 is ``SealedTimes``, those from 32 on are
    /// rows with native histograms.
    enum Encoding: UInt8 {
        /// The stream that ``XORAppender`` draws. No longer written.
        case xor = 1
        /// The columns that ``DecimalChunk`` draws. No longer written.
        case decimal = 2
        /// Columns with bins.
        case columns = 3
    }

    /// What stands before the payload.
    struct Header: Equatable {
        let encoding: Encoding
        let count: Int
        let minTime: Int64
        let maxTime: Int64
        /// Which of the block's lists holds the timestamps, or nil where the payload does.
        let timesList: UInt16?
    }

    /// Gives the timestamps of one of the block's lists, ascending; they stay where they are while the row is decoded.
    typealias SharedTimes = (UInt16) throws(DecodeError) -> UnsafeBufferPointer<Int64>

    /// The most samples of one row: one each millisecond of the longest block.
    static let samplesMax = 1 << 24

    /// The row of samples that lie in the block that starts at `blockStart`; 1...``samplesMax`` of them, ascending.
    ///
    /// - Parameters:
    ///   - sharedTimes: the number of the block's list that holds just these timestamps, or nil to keep them in the row.
    ///   - encoder: kept by whoever encodes several rows.
    static func encode(
        _ samples: SampleBuffer, row: Int64, blockStart: Int64, sharedTimes: UInt16? = nil,
        with encoder: SealedEncoder = SealedEncoder()
    ) -> [UInt8] {
        let count = samples.count
        precondition(count > 0 && count <= samplesMax, "BUG: a chunk of \(count) samples")
        let minTime = samples.timestamps[0]
        let maxTime = samples.timestamps[count - 1]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 64)
        bytes.append(Encoding.columns.rawValue)
        bytes.appendVarint(UInt64(count))
        bytes.appendVarint(UInt64(bitPattern: minTime))
        bytes.appendVarint(UInt64(bitPattern: maxTime &- minTime))
        bytes.appendVarint(sharedTimes.map { UInt64($0) + 1 } ?? 0)
        if sharedTimes == nil {
            let times = UnsafeBufferPointer(start: UnsafePointer(samples.timestamps), count: count)
            encoder.appendTimes(times, since: minTime, to: &bytes)
        }
        encoder.values.append(samples.values, count, to: &bytes)
        bytes.appendFixed32(bytes.withUnsafeBytes { checksum($0, row: row) })
        return bytes
    }

    /// Appends to `buffer` those samples of a row that lie from `minTime` to `maxTime`. Where it throws, `buffer` is as
    /// it was.
    ///
    /// - Parameter times: asked for the list of timestamps where the row names one.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, row: Int64, blockStart: Int64, from minTime: Int64, to maxTime: Int64,
        into buffer: SampleBuffer, times: SharedTimes = noSharedTimes
    ) throws(DecodeError) {
        var reader = ByteReader(try checkedBody(bytes, row: row))
        let header = try readHeader(&reader, blockStart)
        guard header.minTime <= maxTime, header.maxTime >= minTime else { return }
        guard let list = header.timesList else {
            let start = buffer.count
            try decodePayload(reader.rest, header, into: buffer)
            return buffer.trim(from: start, minTime: minTime, maxTime: maxTime)
        }
        let shared = try times(list)
        guard shared.count == header.count, shared.first == header.minTime, shared.last == header.maxTime else {
            throw DecodeError("its timestamps are not those of list \(list)")
        }
        try decodeValues(reader.rest, header, shared, shared.window(minTime, maxTime), into: buffer)
    }

    /// For rows of which none can have its timestamps elsewhere.
    static func noSharedTimes(_ list: UInt16) throws(DecodeError) -> UnsafeBufferPointer<Int64> {
        throw DecodeError("list \(list) of its timestamps is not known")
    }

    static func readHeader(_ reader: inout ByteReader, _ blockStart: Int64) throws(DecodeError) -> Header {
        let tag = try reader.byte()
        guard let encoding = Encoding(rawValue: tag) else { throw DecodeError("encoding \(tag) is not known") }
        let count = try reader.count(max: samplesMax)
        guard count > 0 else { throw DecodeError("it has no samples") }
        // Those of earlier encodings count from the start of their block.
        let minTime = (encoding == .columns ? 0 : blockStart) &+ Int64(bitPattern: try reader.varint())
        let maxTime = minTime &+ Int64(bitPattern: try reader.varint())
        guard minTime <= maxTime else { throw DecodeError("its times are \(minTime) to \(maxTime)") }
        let list = encoding == .columns ? try reader.count(max: Int(UInt16.max) + 1) : 0
        return Header(
            encoding: encoding, count: count, minTime: minTime, maxTime: maxTime,
            timesList: list > 0 ? UInt16(list - 1) : nil)
    }

    /// Appends the samples of a payload that holds its timestamps.
    static func decodePayload(
        _ payload: UnsafeRawBufferPointer, _ header: Header, into buffer: SampleBuffer
    ) throws(DecodeError) {
        let start = buffer.count
        try withPadding(payload) { (padded) throws(DecodeError) in
            switch header.encoding {
            case .xor:
                guard let base = padded.baseAddress else { throw .truncated }
                try decodeXOR(
                    base, bitCount: padded.count * 8, count: header.count, firstTime: header.minTime, into: buffer)
            case .decimal:
                try DecimalChunk.decode(padded, count: header.count, firstTime: header.minTime, into: buffer)
            case .columns:
                var reader = ByteReader(padded)
                buffer.reserve(header.count)
                let times = buffer.timestamps + buffer.count
                try reader.timeColumn(header.count, since: header.minTime, into: times)
                guard times[0] == header.minTime, times[header.count - 1] == header.maxTime else {
                    throw DecodeError("its timestamps are not from \(header.minTime) to \(header.maxTime)")
                }
                try reader.valueColumn(header.count, into: buffer.values + buffer.count)
                guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
                buffer.count += header.count
            }
        }
        // Columns have been checked. What older encodings give is as the payload has it.
        guard header.encoding != .columns, start + 1 < buffer.count else { return }
        for index in start + 1..<buffer.count where buffer.timestamps[index] <= buffer.timestamps[index - 1] {
            buffer.count = start
            throw DecodeError("its times do not ascend")
        }
    }

    /// Appends those samples of a payload whose timestamps have an index in `window`.
    private static func decodeValues(
        _ payload: UnsafeRawBufferPointer, _ header: Header, _ times: UnsafeBufferPointer<Int64>, _ window: Range<Int>,
        into buffer: SampleBuffer
    ) throws(DecodeError) {
        guard let times = times.baseAddress else { return }
        buffer.reserve(header.count)
        let values = buffer.values + buffer.count
        try withPadding(payload) { (padded) throws(DecodeError) in
            var reader = ByteReader(padded)
            try reader.valueColumn(header.count, into: values)
            guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        }
        // Regions overlap: `update` is memmove.
        if window.lowerBound > 0 { values.update(from: values + window.lowerBound, count: window.count) }
        (buffer.timestamps + buffer.count).update(from: times + window.lowerBound, count: window.count)
        buffer.count += window.count
    }
}

/// A row's bytes without their checksum, which is compared.
func checkedBody(_ bytes: UnsafeRawBufferPointer, row: Int64) throws(DecodeError) -> UnsafeRawBufferPointer {
    guard bytes.count > 4 else { throw .truncated }
    let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
    var sum = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - 4)...]))
    guard try sum.fixed32() == checksum(body, row: row) else { throw DecodeError("the checksum does not match") }
    return body
}

/// Calls `body` with a copy of `bytes` that has the padding behind it which decoders of bit streams need.
func withPadding(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(DecodeError) -> Void
) throws(DecodeError) {
    let result = withUnsafeTemporaryAllocation(
        byteCount: bytes.count + xorDecodePaddingBytes, alignment: 8
    ) { copy -> Result<Void, DecodeError> in
        copy.copyMemory(from: bytes)
        UnsafeMutableRawBufferPointer(rebasing: copy[bytes.count...]).initializeMemory(as: UInt8.self, repeating: 0)
        let padded = UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])
        return Result { () throws(DecodeError) in try body(padded) }
    }
    try result.get()
}
