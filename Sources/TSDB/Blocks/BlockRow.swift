import Model

/// The samples of one series in one block, as a row: a ``SealedChunk`` where all are floats without start times, and
/// otherwise, behind a tag of its own,
///
///     1 byte    32
///     varint    number of samples
///     zigzag    time of the first one
///     varint    time of the last one, less that of the first
///     varint    length of the floats' chunk, and that chunk with its checksum; 0 where there are no floats
///     varint    number of histograms
///     per histogram   zigzag: how much the distance to the time before has changed; both are 0 before the first
///     varint    length of what follows, and they as `docs/format/histogram.md` draws them
///     varint    number of changes of the start time
///     per change   varint: index of the first sample that it holds for, less that of the change before
///               zigzag: start time, less that of the change before
///     4 bytes   checksum of all before, seeded with the row's number
enum BlockRow {
    /// The tag of rows that are not a chunk alone.
    static let mixedTag: UInt8 = 32

    static func encode(_ samples: SampleBuffer, row: Int64, sharedTimes: UInt16?, _ encoder: SealedEncoder) -> [UInt8] {
        if samples.histograms.isEmpty && samples.startTimes.isEmpty {
            return SealedChunk.encode(samples, row: row, blockStart: 0, sharedTimes: sharedTimes, with: encoder)
        }
        var bytes: [UInt8] = [mixedTag]
        bytes.appendVarint(UInt64(samples.count))
        bytes.appendZigzag(samples.timestamps[0])
        bytes.appendVarint(UInt64(samples.timestamps[samples.count - 1] - samples.timestamps[0]))
        let floats = samples.floatsOnly()
        let chunk =
            floats.count == 0
            ? [] : SealedChunk.encode(floats, row: row, blockStart: 0, sharedTimes: nil, with: encoder)
        bytes.appendVarint(UInt64(chunk.count))
        bytes += chunk
        appendHistograms(samples, to: &bytes)
        appendStartTimes(samples.startTimes, to: &bytes)
        bytes.appendFixed32(bytes.withUnsafeBytes { checksum($0, row: row) })
        return bytes
    }

    private static func appendHistograms(_ samples: SampleBuffer, to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(samples.histograms.count))
        guard !samples.histograms.isEmpty else { return }
        var time: Int64 = 0
        var distance: Int64 = 0
        for element in samples.histograms {
            let newDistance = samples.timestamps[element.index] &- time
            bytes.appendZigzag(newDistance &- distance)
            (time, distance) = (time &+ newDistance, newDistance)
        }
        let stream = HistogramAppender.encode(samples.histograms.lazy.map(\.histogram))
        bytes.appendVarint(UInt64(stream.count))
        bytes += stream
    }

    private static func appendStartTimes(_ changes: [SampleBuffer.IndexedStartTime], to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(changes.count))
        var last = SampleBuffer.IndexedStartTime(index: 0, startTime: 0)
        for change in changes {
            bytes.appendVarint(UInt64(change.index - last.index))
            bytes.appendZigzag(change.startTime &- last.startTime)
            last = change
        }
    }

    /// Appends to `buffer` those samples of a row that lie from `minTime` to `maxTime`.
    ///
    /// - Parameters:
    ///   - blockStart: what times count from in rows of version 1.
    ///   - times: gives a list of timestamps that the row shares with others.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, row: Int64, blockStart: Int64, from minTime: Int64, to maxTime: Int64,
        into buffer: SampleBuffer, times: (UInt16) throws(DecodeError) -> UnsafeBufferPointer<Int64>
    ) throws(DecodeError) {
        guard bytes.first == mixedTag else {
            return try SealedChunk.decode(
                bytes, row: row, blockStart: blockStart, from: minTime, to: maxTime, into: buffer, times: times)
        }
        var reader = try checkedReader(bytes, row: row)
        let header = try mixedHeader(&reader)
        guard header.minTime <= maxTime, header.maxTime >= minTime else { return }
        let start = buffer.count
        let whole = SampleBuffer()
        let length = try reader.count(max: reader.remaining)
        if length > 0 {
            try SealedChunk.decode(
                try reader.bytes(length), row: row, blockStart: 0, from: .min, to: .max, into: whole, times: times)
        }
        let histograms = try readHistograms(&reader)
        if histograms.count > 0, whole.merge(histograms) > 0 { throw DecodeError("two samples have one time") }
        guard whole.count == header.count else {
            throw DecodeError("it has \(whole.count) samples, its header says \(header.count)")
        }
        try readStartTimes(&reader, whole)
        guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        buffer.append(whole, 0..<whole.count)
        buffer.trim(from: start, minTime: minTime, maxTime: maxTime)
    }

    private static func readHistograms(_ reader: inout ByteReader) throws(DecodeError) -> SampleBuffer {
        let count = try reader.count(max: min(SealedChunk.samplesMax, reader.remaining))
        let buffer = SampleBuffer(capacity: count)
        guard count > 0 else { return buffer }
        var times: [Int64] = []
        var distance: Int64 = 0
        for _ in 0..<count {
            distance &+= try reader.zigzag()
            times.append((times.last ?? 0) &+ distance)
        }
        let bytes = try reader.bytes(try reader.count(max: reader.remaining))
        let histograms = try HistogramReader.decode(bytes, count: count)
        for (index, time) in times.enumerated() {
            if buffer.count > 0, time <= buffer.timestamps[buffer.count - 1] {
                throw DecodeError("its times do not ascend")
            }
            buffer.append(time, histograms[index])
        }
        return buffer
    }

    private static func readStartTimes(_ reader: inout ByteReader, _ buffer: SampleBuffer) throws(DecodeError) {
        var last = SampleBuffer.IndexedStartTime(index: 0, startTime: 0)
        for position in 0..<(try reader.count(max: buffer.count)) {
            let index = last.index + (try reader.count(max: buffer.count))
            guard index < buffer.count, index > last.index || position == 0 else {
                throw DecodeError("a start time is at \(index) of \(buffer.count)")
            }
            last = .init(index: index, startTime: last.startTime &+ (try reader.zigzag()))
            buffer.startTimes.append(last)
        }
    }

    struct Header {
        let count: Int
        let minTime: Int64
        let maxTime: Int64
        /// Which of the block's lists has its timestamps, where one does.
        var timesList: UInt16?
    }

    /// What a row says of itself, with its checksum checked.
    static func header(
        _ bytes: UnsafeRawBufferPointer, row: Int64, blockStart: Int64
    ) throws(DecodeError) -> Header {
        var reader = try checkedReader(bytes, row: row)
        if bytes.first == mixedTag { return try mixedHeader(&reader) }
        reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)]))
        let header = try SealedChunk.readHeader(&reader, blockStart)
        return Header(
            count: header.count, minTime: header.minTime, maxTime: header.maxTime, timesList: header.timesList)
    }

    /// A reader behind the tag.
    private static func checkedReader(_ bytes: UnsafeRawBufferPointer, row: Int64) throws(DecodeError) -> ByteReader {
        guard bytes.count > 4 else { throw .truncated }
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
        var sum = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - 4)...]))
        guard try sum.fixed32() == checksum(body, row: row) else { throw DecodeError("the checksum does not match") }
        var reader = ByteReader(body)
        _ = try reader.byte()
        return reader
    }

    private static func mixedHeader(_ reader: inout ByteReader) throws(DecodeError) -> Header {
        let count = try reader.count(max: SealedChunk.samplesMax)
        let minTime = try reader.zigzag()
        let maxTime = minTime &+ Int64(bitPattern: try reader.varint())
        guard count > 0, minTime <= maxTime else { throw DecodeError("its times are \(minTime) to \(maxTime)") }
        return Header(count: count, minTime: minTime, maxTime: maxTime)
    }
}

extension HistogramAppender {
    /// Histograms as a stream of their own; they were checked before they were taken in.
    static func encode(_ histograms: some Sequence<Histogram>) -> [UInt8] {
        var appender = HistogramAppender()
        var bytes: [UInt8] = []
        do throws(HistogramError) {
            for histogram in histograms { try appender.append(histogram, to: &bytes) }
        } catch {
            preconditionFailure("BUG: a stored histogram is not valid: \(error)")
        }
        return bytes
    }
}

extension SampleBuffer {
    /// The samples that are no histograms, without start times.
    fileprivate func floatsOnly() -> SampleBuffer {
        let floats = SampleBuffer(capacity: count)
        var next = 0
        for index in histograms.map(\.index) + [count] {
            floats.append(self, next..<index)
            next = index + 1
        }
        floats.startTimes.removeAll()
        return floats
    }
}
