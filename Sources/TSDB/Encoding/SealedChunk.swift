import Model

/// All samples of one series in one block, as one row of the `chunk` table:
///
///     1 byte    encoding of the payload
///     varint    number of samples, at least 1
///     varint    time of the first one, less the start of the block
///     varint    time of the last one, less that of the first
///     …         payload
///     4 bytes   checksum of all before, seeded with the row's number
enum SealedChunk {
    /// How the payload is encoded. Numbers are never given another meaning.
    enum Encoding: UInt8 {
        /// The stream that ``XORAppender`` draws.
        case xor = 1
        /// The columns that ``DecimalChunk`` draws.
        case decimal = 2
    }

    /// What stands before the payload.
    struct Header {
        let encoding: Encoding
        let count: Int
        let minTime: Int64
        let maxTime: Int64
    }

    /// The most samples of one row: one each millisecond of the longest block.
    static let samplesMax = 1 << 24

    /// The row of samples that lie in the block that starts at `blockStart`; 1...``samplesMax`` of them, ascending.
    static func encode(_ samples: SampleBuffer, row: Int64, blockStart: Int64) -> [UInt8] {
        let count = samples.count
        precondition(count > 0 && count <= samplesMax, "BUG: a chunk of \(count) samples")
        let minTime = samples.timestamps[0]
        let maxTime = samples.timestamps[count - 1]
        let (encoding, payload) = smallest(samples)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + 24)
        bytes.append(encoding.rawValue)
        bytes.appendVarint(UInt64(count))
        bytes.appendVarint(UInt64(bitPattern: minTime &- blockStart))
        bytes.appendVarint(UInt64(bitPattern: maxTime &- minTime))
        bytes.append(contentsOf: payload)
        bytes.appendFixed32(bytes.withUnsafeBytes { checksum($0, row: row) })
        return bytes
    }

    /// The encoding that takes least, with the payload.
    private static func smallest(_ samples: SampleBuffer) -> (Encoding, [UInt8]) {
        let decimal = DecimalChunk.encode(samples)
        // XOR takes 64 bits for the first sample and at least two for every other one.
        if let decimal, decimal.count * 8 <= 62 + 2 * samples.count { return (.decimal, decimal) }
        var xor: [UInt8] = []
        xor.appendXOR(samples)
        if let decimal, decimal.count <= xor.count { return (.decimal, decimal) }
        return (.xor, xor)
    }

    /// Appends to `buffer` those samples of a row that lie from `minTime` to `maxTime`. Where it throws, `buffer` is as
    /// it was.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, row: Int64, blockStart: Int64, from minTime: Int64, to maxTime: Int64,
        into buffer: SampleBuffer
    ) throws(DecodeError) {
        guard bytes.count > 4 else { throw .truncated }
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
        var sum = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - 4)...]))
        guard try sum.fixed32() == checksum(body, row: row) else { throw DecodeError("the checksum does not match") }
        var reader = ByteReader(body)
        let header = try readHeader(&reader, blockStart)
        guard header.minTime <= maxTime, header.maxTime >= minTime else { return }
        let start = buffer.count
        try decodePayload(try reader.bytes(reader.remaining), header, into: buffer)
        buffer.trim(from: start, minTime: minTime, maxTime: maxTime)
    }

    static func readHeader(_ reader: inout ByteReader, _ blockStart: Int64) throws(DecodeError) -> Header {
        let tag = try reader.byte()
        guard let encoding = Encoding(rawValue: tag) else { throw DecodeError("encoding \(tag) is not known") }
        let count = try reader.count(max: samplesMax)
        guard count > 0 else { throw DecodeError("it has no samples") }
        let minTime = blockStart &+ Int64(bitPattern: try reader.varint())
        let maxTime = minTime &+ Int64(bitPattern: try reader.varint())
        guard minTime <= maxTime else { throw DecodeError("its times are \(minTime) to \(maxTime)") }
        return Header(encoding: encoding, count: count, minTime: minTime, maxTime: maxTime)
    }

    static func decodePayload(
        _ payload: UnsafeRawBufferPointer, _ header: Header, into buffer: SampleBuffer
    ) throws(DecodeError) {
        try withPadding(payload) { (padded) throws(DecodeError) in
            switch header.encoding {
            case .xor:
                guard let base = padded.baseAddress else { throw .truncated }
                try decodeXOR(
                    base, bitCount: padded.count * 8, count: header.count, firstTime: header.minTime, into: buffer)
            case .decimal:
                try DecimalChunk.decode(padded, count: header.count, firstTime: header.minTime, into: buffer)
            }
        }
    }
}

extension [UInt8] {
    /// Appends samples as one XOR stream.
    fileprivate mutating func appendXOR(_ samples: SampleBuffer) {
        let room = 8 + samples.count * (XORAppender.sampleBitsMax + 7) / 8 + bitPaddingBytes
        withUnsafeTemporaryAllocation(byteCount: room, alignment: 8) { stream in
            guard let base = stream.baseAddress else { return }
            var appender = XORAppender()
            appender.start(samples.timestamps[0], samples.values[0].bitPattern, at: base)
            for index in 1..<Swift.max(samples.count, 1) {
                appender.append(samples.timestamps[index], samples.values[index].bitPattern, at: base)
            }
            append(contentsOf: stream.prefix(Int(appender.bitCount + 7) / 8))
        }
    }
}

/// Calls `body` with a copy of `bytes` that has the padding behind it which decoders of bit streams need.
private func withPadding(
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
