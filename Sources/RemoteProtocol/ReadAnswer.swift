import Model
import PrometheusData
import Protobuf

/// A series of an answer to a remote read.
package struct ReadSeries: @unchecked Sendable {
    // SAFETY: nobody changes the buffer any more once the answer is decoded.
    package var labels: Labels
    /// In order of time.
    package var samples: SampleBuffer

    package init(labels: Labels, samples: SampleBuffer) {
        (self.labels, self.samples) = (labels, samples)
    }
}

/// Why an answer to a remote read cannot be used.
package struct ReadAnswerError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Decodes answers to a remote read of one query.
package struct ReadAnswer {
    /// By labels, each once.
    private var found: [Labels: SampleBuffer] = [:]
    private var samplesLeft: Int
    private let seriesMax: Int

    /// - Parameters:
    ///   - samplesMax: the most samples of an answer; more is an error.
    ///   - seriesMax: the same of series.
    package init(samplesMax: Int, seriesMax: Int = 5_000_000) {
        samplesLeft = samplesMax
        self.seriesMax = seriesMax
    }

    /// The series, sorted by labels.
    package var series: [ReadSeries] {
        found.sorted { $0.key < $1.key }.map { ReadSeries(labels: $0.key, samples: $0.value) }
    }

    /// Takes a whole answer.
    ///
    /// - Parameter contentType: says whether it is streamed.
    package mutating func decode(
        _ body: [UInt8], contentType: String, decodedBytesMax: Int
    ) throws(ReadAnswerError) {
        if contentType.hasPrefix("application/x-streamed-protobuf") { return try decodeFrames(body) }
        guard contentType.hasPrefix("application/x-protobuf") || contentType.isEmpty else {
            throw ReadAnswerError("expected application/x-protobuf, found content of type \(contentType)")
        }
        let message: [UInt8]
        do throws(SnappyError) {
            message = try decompress(body, decodedBytesMax)
        } catch {
            throw ReadAnswerError(error.description)
        }
        try message.withBytes { (bytes) throws(ReadAnswerError) in try decodeResults(bytes) }
    }

    /// Results 1 of series 1.
    private mutating func decodeResults(_ bytes: UnsafeRawBufferPointer) throws(ReadAnswerError) {
        do throws(ProtobufError) {
            var response = ProtobufReader(bytes)
            while let (field, value) = try response.next() {
                guard field == 1, case .bytes(let result) = value else { continue }
                var reader = ProtobufReader(result)
                while let (field, value) = try reader.next() {
                    if field == 1, case .bytes(let series) = value { try decodeSeries(series) }
                }
            }
        } catch {
            throw ReadAnswerError(error.description)
        }
    }

    /// Labels 1, samples 2 of value 1 and timestamp 2, histograms 4.
    private mutating func decodeSeries(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var labels = LabelsBuilder()
        var floats: [(time: Int64, value: Double)] = []
        var histograms: [WrittenHistogram] = []
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: try readLabel(bytes, &labels)
            case 2:
                try take(1)
                floats.append(try readSample(bytes))
            case 4:
                let histogram = try WrittenHistogram(bytes)
                try take(histogram.heldSamples)
                histograms.append(histogram)
            default: break
            }
        }
        let buffer = SampleBuffer(capacity: floats.count + histograms.count)
        var next = 0
        floats.sort { $0.time < $1.time }
        for written in histograms.sorted(by: { $0.timestamp < $1.timestamp }) {
            while next < floats.count, floats[next].time < written.timestamp {
                append(floats[next], to: buffer)
                next += 1
            }
            guard let histogram = try? written.histogram(), isNew(written.timestamp, in: buffer) else { continue }
            buffer.append(written.timestamp, histogram)
        }
        for float in floats[next...] { append(float, to: buffer) }
        try add(labels.labels(), buffer)
    }

    private func append(_ float: (time: Int64, value: Double), to buffer: SampleBuffer) {
        if isNew(float.time, in: buffer) { buffer.append(float.time, float.value) }
    }

    private mutating func take(_ count: Int) throws(ProtobufError) {
        samplesLeft -= count
        if samplesLeft < 0 { throw ProtobufError(description: "the answer has more samples than a query may hold") }
    }

    private mutating func add(_ labels: Labels, _ buffer: SampleBuffer) throws(ProtobufError) {
        guard var known = found[labels] else {
            try check(found.count, seriesMax, "series")
            return found[labels] = buffer
        }
        merge(buffer, into: &known)
        found[labels] = known
    }

    /// Frames as ``ReadFrame`` writes them.
    private mutating func decodeFrames(_ body: [UInt8]) throws(ReadAnswerError) {
        try body.withBytes { (bytes) throws(ReadAnswerError) in
            do throws(ProtobufError) {
                var reader = ProtobufReader(bytes)
                while !reader.isAtEnd {
                    let length = try reader.varint()
                    let start = reader.offset + 4
                    guard start <= bytes.count, length <= UInt64(bytes.count - start) else { throw .unexpectedEnd }
                    let frame = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(length)])
                    let sum = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start - 4, as: UInt32.self))
                    guard crc32c(frame) == sum else {
                        throw ProtobufError(description: "a frame's checksum does not match")
                    }
                    try decodeFrame(frame)
                    reader.offset = start + Int(length)
                }
            } catch {
                throw ReadAnswerError(error.description)
            }
        }
    }

    /// Chunked series 1 of labels 1 and chunks 2.
    private mutating func decodeFrame(_ frame: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(frame)
        while let (field, value) = try reader.next() {
            guard field == 1, case .bytes(let series) = value else { continue }
            var labels = LabelsBuilder()
            var buffer = SampleBuffer()
            var reader = ProtobufReader(series)
            while let (field, value) = try reader.next() {
                guard case .bytes(let bytes) = value else { continue }
                switch field {
                case 1: try readLabel(bytes, &labels)
                case 2: try readChunk(bytes, &buffer)
                default: break
                }
            }
            try add(labels.labels(), buffer)
        }
    }

    /// Type 3, data 4. The samples themselves say their times.
    private mutating func readChunk(
        _ message: UnsafeRawBufferPointer, _ buffer: inout SampleBuffer
    ) throws(ProtobufError) {
        var encoding: UInt64 = 0
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (3, .varint(let number)): encoding = number
            case (4, .bytes(let bytes)): data = bytes
            default: break
            }
        }
        // Before they are decoded: few bytes may be many samples.
        if data.count >= 2 { try take(Int(data[0]) << 8 | Int(data[1])) }
        let chunk = SampleBuffer(capacity: SeriesChunk.samplesMax)
        do throws(ForeignChunkError) {
            try decodeForeignChunk(encoding: UInt8(clamping: encoding), data, into: chunk)
        } catch {
            throw ProtobufError(description: error.description)
        }
        // One of each is taken already.
        for one in chunk.histograms { try take(one.histogram.heldSamples - 1) }
        merge(chunk, into: &buffer)
    }
}

private func decompress(_ body: [UInt8], _ bytesMax: Int) throws(SnappyError) -> [UInt8] {
    try body.withBytes { (bytes) throws(SnappyError) in try snappyDecompressed(bytes, bytesMax: bytesMax) }
}

extension [UInt8] {
    /// As `withUnsafeBytes`, with the error's type.
    fileprivate func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try withUnsafeBufferPointer { (bytes) throws(Failure) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}

private func isNew(_ time: Int64, in buffer: SampleBuffer) -> Bool {
    buffer.count == 0 || time > buffer.timestamps[buffer.count - 1]
}

/// Name 1, value 2.
private func readLabel(_ message: UnsafeRawBufferPointer, _ labels: inout LabelsBuilder) throws(ProtobufError) {
    var (name, text) = ("", "")
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (1, .bytes(let bytes)): name = try string(bytes)
        case (2, .bytes(let bytes)): text = try string(bytes)
        default: break
        }
    }
    labels.set(name, text)
}

private func readSample(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> (time: Int64, value: Double) {
    var sample: (time: Int64, value: Double) = (0, 0)
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (1, .fixed64(let bits)): sample.value = Double(bitPattern: bits)
        case (2, .varint(let number)): sample.time = Int64(bitPattern: number)
        default: break
        }
    }
    return sample
}
