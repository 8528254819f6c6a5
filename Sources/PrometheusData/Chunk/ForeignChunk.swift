import Model

/// Why a chunk that came from elsewhere cannot be decoded.
package struct ForeignChunkError: Error, CustomStringConvertible {
    package let description: String
}

/// Appends the samples of a chunk in one of Prometheus's encodings to `buffer`, those in `range` alone.
///
/// - Throws: where the bytes are no such chunk, or a sample is not later than the one before it.
package func decodeForeignChunk(
    encoding: UInt8, _ data: some Collection<UInt8>, in range: ClosedRange<Int64> = .min ... .max,
    into buffer: SampleBuffer
) throws(ForeignChunkError) {
    var padded: [UInt8] = []
    padded.reserveCapacity(data.count + FileWindow.padding)
    padded += data
    padded += repeatElement(0, count: FileWindow.padding)
    var sink = ChunkSink(buffer: buffer, range: range, deleted: [])
    do throws(FormatError) {
        try padded.withRawBytes { (bytes) throws(FormatError) in
            try decodeChunk(encoding, UnsafeRawBufferPointer(rebasing: bytes[..<data.count]), &sink)
        }
    } catch {
        throw ForeignChunkError(description: "at byte \(error.offset) of a chunk: \(error.reason)")
    }
}
