import Glibc
import Model

/// One series in memory: its newest sample and its chunks. 80 bytes, because there are many.
struct HeadSeries: BitwiseCopyable {
    // SAFETY: the chunks are allocated with `malloc`, owned by this series, changed by the writer thread under the
    // head's lock, and freed by it when no view can reach them any more (`Head.truncate`).
    private(set) var first: UnsafeMutablePointer<HeadChunk>?
    private(set) var last: UnsafeMutablePointer<HeadChunk>?
    /// The chunk whose link leads to `last`.
    private var beforeLast: UnsafeMutablePointer<HeadChunk>?
    private var appender = XORAppender()
    /// The newest sample that was accepted, whether it is committed or not; used by the writer thread alone.
    var stagedTime = Int64.min
    var stagedBits: UInt64 = 0
    /// The newest generation of views in which an older end of this series is remembered.
    var savedGeneration: UInt32 = 0
    /// Room of the newest chunk's stream, in bytes.
    private var capacity: UInt32 = 0
    /// Whether the series has its row in the database.
    var isPersisted = false

    /// The newest time that queries see, or nil where the head has no sample of the series.
    var maxTime: Int64? { last?.pointee.maxTime }
    /// Where the newest sample was sealed already its time is known all the same, until the next opening.
    var newest: (time: Int64, bits: UInt64)? {
        appender.bitCount == 0 ? nil : (appender.time, appender.valueBits)
    }

    /// Appends a committed sample.
    /// - Returns: the number of chunks started, 0 or 1.
    @inline(__always)
    mutating func append(_ time: Int64, _ bits: UInt64) -> Int {
        guard let last, last.pointee.count < HeadChunk.samplesMax else {
            startChunk(time, bits)
            return 1
        }
        // 20 bytes hold a sample of any kind and the byte that it starts in.
        if appender.bitCount / 8 + 20 > capacity { grow() }
        let chunk = self.last ?? last
        appender.append(time, bits, at: HeadChunk.stream(chunk))
        chunk.pointee.maxTime = time
        chunk.pointee.count += 1
        chunk.pointee.bitCount = appender.bitCount
        return 0
    }

    private mutating func startChunk(_ time: Int64, _ bits: UInt64) {
        resize(to: appender.bitCount / 8 + 1)
        let chunk = HeadChunk.allocate(streamBytes: HeadChunk.streamBytesInitial)
        capacity = HeadChunk.streamBytesInitial
        appender.start(time, bits, at: HeadChunk.stream(chunk))
        chunk.initialize(
            to: HeadChunk(next: nil, minTime: time, maxTime: time, count: 1, bitCount: appender.bitCount))
        if let last { last.pointee.next = chunk } else { first = chunk }
        beforeLast = last
        last = chunk
    }

    private mutating func grow() {
        resize(to: capacity + max(24, capacity / 2))
    }

    /// Gives the newest chunk's stream another size, which may move it.
    private mutating func resize(to bytes: UInt32) {
        guard let old = last, bytes != capacity else { return }
        let isOnly = beforeLast == nil
        let moved = HeadChunk.allocate(streamBytes: bytes, moving: old)
        capacity = bytes
        if isOnly { first = moved } else { beforeLast?.pointee.next = moved }
        last = moved
    }

    /// Frees the chunks that end before `time`.
    /// - Returns: the number of chunks freed.
    mutating func removeChunks(before time: Int64) -> Int {
        var removed = 0
        while let chunk = first, chunk.pointee.maxTime < time {
            first = chunk.pointee.next
            if chunk == beforeLast { beforeLast = nil }
            free(chunk)
            removed += 1
        }
        if first == nil { last = nil }
        return removed
    }

    /// Writes the newest chunk anew without the samples before `time`, where it reaches further. It is the only chunk
    /// then: those before it are gone.
    ///
    /// - Parameter samples: room to work in.
    mutating func cutOpenChunk(before time: Int64, _ samples: SampleBuffer) {
        guard let last, last == first, last.pointee.minTime < time else { return }
        samples.removeAll()
        // What was appended decodes.
        guard (try? HeadChunk.decode(last, into: samples)) != nil else { return }
        samples.trim(minTime: time, maxTime: .max)
        guard samples.count > 0 else { return }
        free(last)
        (first, self.last, beforeLast) = (nil, nil, nil)
        appender = XORAppender()
        for index in 0..<samples.count {
            _ = append(samples.timestamps[index], samples.values[index].bitPattern)
        }
    }
}
