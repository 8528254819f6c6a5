import Glibc
import Model

/// Some successive samples of one series in memory, none of them in another block: a header and an XOR stream, in one
/// allocation. Chunks of a series are linked from the oldest to the newest; only the newest grows.
///
///     offset  0   8 bytes   next chunk, or null
///             8   8 bytes   time of the first sample
///            16   8 bytes   time of the last sample
///            24   4 bytes   number of samples
///            28   4 bytes   length of the stream in bits
///            32   …         the stream, then 8 bytes of padding
struct HeadChunk: BitwiseCopyable {
    var next: UnsafeMutablePointer<HeadChunk>?
    let minTime: Int64
    var maxTime: Int64
    var count: UInt32
    var bitCount: UInt32

    /// Reading one sample decodes its whole chunk: few enough to be quick, enough to make the header's share small.
    static let samplesMax: UInt32 = 240
    /// Room of a new chunk's stream: 8 bytes of first value, and at least one more sample of any kind.
    static let streamBytesInitial: UInt32 = 28

    /// The most bytes that a chunk takes: 19 hold a sample of any kind.
    static let bytesMax = MemoryLayout<HeadChunk>.size + 19 * Int(samplesMax) + 2 * bitPaddingBytes

    /// Memory for a chunk, or a chunk moved to memory of another size. From `malloc`, because Swift cannot resize.
    static func allocate(
        streamBytes: UInt32, moving old: UnsafeMutablePointer<HeadChunk>? = nil
    ) -> UnsafeMutablePointer<HeadChunk> {
        guard let memory = realloc(old, byteCount(Int(streamBytes))) else { preconditionFailure("out of memory") }
        return memory.assumingMemoryBound(to: HeadChunk.self)
    }

    static func byteCount(_ streamBytes: Int) -> Int {
        MemoryLayout<HeadChunk>.size + streamBytes + bitPaddingBytes
    }

    static func stream(_ chunk: UnsafeMutablePointer<HeadChunk>) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(chunk) + MemoryLayout<HeadChunk>.size
    }

    /// Appends the chunk's samples to `buffer`.
    static func decode(_ chunk: UnsafeMutablePointer<HeadChunk>, into buffer: SampleBuffer) throws(DecodeError) {
        buffer.stored.add(bytes: Int(chunk.pointee.bitCount + 7) / 8)
        try decodeXOR(
            stream(chunk), bitCount: Int(chunk.pointee.bitCount), count: Int(chunk.pointee.count),
            firstTime: chunk.pointee.minTime, into: buffer)
    }
}
