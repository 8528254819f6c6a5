import CSnappy
import Model

/// A sample that a test writes.
public enum WrittenSample: Sendable {
    case float(Double)
    case histogram(Histogram)
}

/// Samples of one series that a test writes, in order of time.
public struct WrittenSeries: Sendable {
    public var labels: Labels
    public var samples: [(time: Int64, sample: WrittenSample)]

    public init(_ labels: Labels, _ samples: [(time: Int64, sample: WrittenSample)]) {
        self.labels = labels
        self.samples = samples
    }
}

/// Writes samples to a server on this machine, in requests of `milliseconds` each so that all series go on together.
public func remoteWrite(_ series: [WrittenSeries], toPort port: Int, every milliseconds: Int64 = 600_000) throws {
    let connection = try HTTPConnection(port: port, receiveTimeoutSeconds: 60)
    let times = series.flatMap { $0.samples.map(\.time) }
    guard var start = times.min(), let end = times.max() else { return }
    while start <= end {
        let part = series.map { one in
            WrittenSeries(one.labels, one.samples.filter { start..<start + milliseconds ~= $0.time })
        }.filter { !$0.samples.isEmpty }
        if !part.isEmpty {
            let answer = try connection.request(
                "POST", "/api/v1/write",
                headers: [
                    ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
                    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
                ], body: remoteWriteBody(part))
            guard answer.status / 100 == 2 else {
                throw TestFailure("port \(port) answered HTTP \(answer.status): \(answer.text)")
            }
        }
        start += milliseconds
    }
}

/// The body of a remote-write request, protocol version 1, compressed.
public func remoteWriteBody(_ series: [WrittenSeries]) -> [UInt8] {
    var message = ProtobufMessage()
    for one in series {
        var inner = ProtobufMessage()
        for label in one.labels {
            var pair = ProtobufMessage()
            pair.bytes(1, Array(label.name.utf8))
            pair.bytes(2, Array(label.value.utf8))
            inner.bytes(1, pair.bytes)
        }
        for (time, sample) in one.samples {
            switch sample {
            case .float(let value):
                var float = ProtobufMessage()
                float.double(1, value)
                float.varint(2, UInt64(bitPattern: time))
                inner.bytes(2, float.bytes)
            case .histogram(let histogram): inner.bytes(4, histogramMessage(time, histogram))
            }
        }
        message.bytes(1, inner.bytes)
    }
    return snappyBlock(message.bytes)
}

private func histogramMessage(_ time: Int64, _ histogram: Histogram) -> [UInt8] {
    var message = ProtobufMessage()
    if histogram.isFloat { message.double(2, histogram.count) } else { message.varint(1, UInt64(histogram.count)) }
    message.double(3, histogram.sum)
    message.zigzag(4, Int64(histogram.schema))
    message.double(5, histogram.zeroThreshold)
    if histogram.isFloat {
        message.double(7, histogram.zeroCount)
    } else {
        message.varint(6, UInt64(histogram.zeroCount))
    }
    message.buckets(8, histogram.negativeSpans, histogram.negativeBuckets, isFloat: histogram.isFloat)
    message.buckets(11, histogram.positiveSpans, histogram.positiveBuckets, isFloat: histogram.isFloat)
    let hints: [Histogram.CounterReset: UInt64] = [.unknown: 0, .reset: 1, .notReset: 2, .gauge: 3]
    message.varint(14, hints[histogram.counterReset] ?? 0)
    message.varint(15, UInt64(bitPattern: time))
    for bound in histogram.customValues { message.double(16, bound) }
    return message.bytes
}

private struct ProtobufMessage {
    var bytes: [UInt8] = []

    mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func varint(_ field: UInt64, _ number: UInt64) {
        varint(field << 3)
        varint(number)
    }

    mutating func zigzag(_ field: UInt64, _ number: Int64) {
        varint(field, UInt64(bitPattern: number << 1 ^ number >> 63))
    }

    mutating func double(_ field: UInt64, _ value: Double) {
        varint(field << 3 | 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    /// Spans as field `field`, and buckets as the next one (whole numbers, as differences) or the one after it.
    mutating func buckets(_ field: UInt64, _ spans: [Histogram.Span], _ buckets: [Double], isFloat: Bool) {
        for span in spans {
            var message = ProtobufMessage()
            message.zigzag(1, Int64(span.offset))
            message.varint(2, UInt64(span.length))
            bytes(field, message.bytes)
        }
        var before: Int64 = 0
        for bucket in buckets {
            if isFloat {
                double(field + 2, bucket)
            } else {
                zigzag(field + 1, Int64(bucket) - before)
                before = Int64(bucket)
            }
        }
    }
}

private func snappyBlock(_ bytes: [UInt8]) -> [UInt8] {
    var length = snappy_max_compressed_length(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: length) { output, count in
        bytes.withUnsafeBytes { input in
            output.withMemoryRebound(to: CChar.self) {
                _ = snappy_compress(input.bindMemory(to: CChar.self).baseAddress, input.count, $0.baseAddress, &length)
            }
        }
        count = length
    }
}
