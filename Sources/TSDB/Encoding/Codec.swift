import Model

/// The store's encodings by themselves, for benchmarks: what they cost and how small they are cannot be told from outside.
@_spi(Benchmarks) public enum Codec: String, CaseIterable, Sendable {
    /// A chunk in memory: timestamps and values.
    case xor
    /// The values of a block's row, whose timestamps are in a list that it shares.
    case sealed
    /// That list.
    case times
    /// A block's row with native histograms.
    case histograms

    /// What encoding gave.
    public struct Encoded: Sendable {
        fileprivate let bytes: [UInt8]
        fileprivate let bitCount: Int
        fileprivate let timestamps: [Int64]
        /// Without the padding that decoding needs in memory.
        public let byteCount: Int
    }

    private static let row: Int64 = 1

    /// - Parameter samples: at least one; no more than a row may have.
    public func encode(_ samples: SampleBuffer) -> Encoded {
        let times = Array(UnsafeBufferPointer(start: samples.timestamps, count: samples.count))
        var bitCount = 0
        let bytes: [UInt8]
        switch self {
        case .xor: (bytes, bitCount) = encodeXOR(samples)
        case .sealed:
            bytes = SealedChunk.encode(samples, row: Codec.row, blockStart: 0, sharedTimes: 0)
        case .times: bytes = times.withUnsafeBufferPointer { SealedTimes.encode($0, row: Codec.row, blockStart: 0) }
        case .histograms: bytes = BlockRow.encode(samples, row: Codec.row, sharedTimes: nil, SealedEncoder())
        }
        return Encoded(
            bytes: bytes, bitCount: bitCount, timestamps: times,
            byteCount: bitCount > 0 ? (bitCount + 7) / 8 : bytes.count)
    }

    /// Appends the samples to `buffer`; those of ``times`` have no values, and are only counted.
    /// - Returns: how many there were.
    public func decode(_ encoded: Encoded, into buffer: SampleBuffer) throws -> Int {
        try encoded.bytes.withUnsafeBytes { bytes in
            try encoded.timestamps.withUnsafeBufferPointer { times in
                try decode(bytes, bitCount: encoded.bitCount, times, into: buffer)
            }
        }
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer, bitCount: Int, _ times: UnsafeBufferPointer<Int64>, into buffer: SampleBuffer
    ) throws -> Int {
        switch self {
        case .times: return try SealedTimes.decode(bytes, row: Codec.row, blockStart: 0).count
        case .xor:
            guard let base = bytes.baseAddress else { return 0 }
            try decodeXOR(base, bitCount: bitCount, count: times.count, firstTime: times[0], into: buffer)
        case .sealed, .histograms:
            try BlockRow.decode(
                bytes, row: Codec.row, blockStart: 0, from: .min, to: .max, into: buffer, times: { _ in times })
        }
        return buffer.count
    }

    private func encodeXOR(_ samples: SampleBuffer) -> (bytes: [UInt8], bitCount: Int) {
        let room = samples.count * XORAppender.sampleBitsMax / 8 + 8 + xorDecodePaddingBytes
        var stream = [UInt8](repeating: 0, count: room)
        var appender = XORAppender()
        stream.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            appender.start(samples.timestamps[0], samples.values[0].bitPattern, at: base)
            for index in 1..<samples.count {
                appender.append(samples.timestamps[index], samples.values[index].bitPattern, at: base)
            }
        }
        return (stream, Int(appender.bitCount))
    }
}
