import Model

/// How the samples of a chunk are written.
enum ChunkEncoding: UInt8 {
    case xor = 1
    case histogram = 2
    case floatHistogram = 3
    case xor2 = 4
}

/// Where decoded samples go, and which are wanted.
struct ChunkSink {
    let buffer: SampleBuffer
    let range: ClosedRange<Int64>
    /// Stretches of deleted samples.
    let deleted: [ClosedRange<Int64>]
    /// The earliest time behind the range that was met.
    var nextTime: Int64?
    private var newest: Int64?

    init(buffer: SampleBuffer, range: ClosedRange<Int64>, deleted: [ClosedRange<Int64>]) {
        self.buffer = buffer
        self.range = range
        self.deleted = deleted
        newest = buffer.count > 0 ? buffer.timestamps[buffer.count - 1] : nil
    }

    /// Whether the next sample, whose time this is, is wanted.
    @inline(__always)
    mutating func wants(_ time: Int64) throws(FormatError) -> Bool {
        if let newest, time <= newest {
            throw FormatError(at: 0, "expected a time after \(newest), found \(time)")
        }
        newest = time
        if range.contains(time) { return deleted.isEmpty || !deleted.contains { $0.contains(time) } }
        if time > range.upperBound, nextTime == nil { nextTime = time }
        return false
    }
}

/// Decodes the samples of a chunk to `sink`.
///
/// - Parameter data: followed by ``FileWindow/padding`` readable bytes.
/// - Source: Prometheus 3.5, `tsdb/docs/format/chunks.md`.
func decodeChunk(_ encoding: UInt8, _ data: UnsafeRawBufferPointer, _ sink: inout ChunkSink) throws(FormatError) {
    guard data.count >= 2 else { throw FormatError(at: 0, "expected a chunk of at least 2 bytes") }
    let count = Int(data[0]) << 8 | Int(data[1])
    if count == 0 { return }
    guard data.count >= 4 else { throw FormatError(at: 0, "\(count) samples are said to be in \(data.count) bytes") }
    switch ChunkEncoding(rawValue: encoding) {
    case .xor: try decodeXOR(UnsafeRawBufferPointer(rebasing: data[2...]), count, &sink)
    case .histogram: try decodeHistograms(data, count, &sink)
    case .floatHistogram: try decodeFloatHistograms(data, count, &sink)
    case .xor2: try decodeXOR2(data, count, &sink)
    case nil:
        throw FormatError(
            at: 0,
            "expected a chunk of an encoding from 1 to 4, found \(encoding); Prometheus wrote it with a feature that is "
                + "not read here")
    }
}
