import CSnappyBlock

/// Writes remote-write 1.0 requests: a protobuf `WriteRequest`, snappy-compressed.
///
/// - Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
struct WriteRequestEncoder {
    /// Tag, length, `value` as a double, `timestamp` as a varint: what a sample takes beside its timestamp.
    private static let sampleBytesFixed = 12

    /// Per series its labels in protobuf, which are the same in each request.
    private var labels: [[UInt8]] = []
    private var plain: [UInt8] = []
    private(set) var compressed: [UInt8] = []

    init(_ source: SampleSource) {
        labels.reserveCapacity(source.workload.series)
        for series in 0..<source.workload.series {
            var bytes: [UInt8] = []
            for (name, value) in source.labels(series: series) {
                var pair: [UInt8] = []
                pair.appendField(1, Array(name.utf8))
                pair.appendField(2, Array(value.utf8))
                bytes.appendField(1, pair)
            }
            labels.append(bytes)
        }
    }

    /// Leaves in ``compressed`` a request with the samples that the source's present slab has of these series.
    mutating func encode(_ source: SampleSource, series: Range<Int>, scrapes: Int) {
        plain.removeAll(keepingCapacity: true)
        for index in series {
            let samples = index * scrapes..<(index + 1) * scrapes
            var length = labels[index].count
            for sample in samples {
                length +=
                    WriteRequestEncoder.sampleBytesFixed + varintLength(UInt64(bitPattern: source.timestamps[sample]))
            }
            plain.appendHead(1, length: length)
            plain += labels[index]
            for sample in samples { plain.appendSample(source.values[sample], source.timestamps[sample]) }
        }
        compress()
    }

    private mutating func compress() {
        var count = snappy_max_compressed_length(plain.count)
        compressed = [UInt8](unsafeUninitializedCapacity: count) { output, written in
            // SAFETY: the output has the room that snappy asks for, and neither pointer leaves the closure.
            let status = plain.withUnsafeBytes {
                snappy_compress($0.baseAddress, $0.count, output.baseAddress, &count)
            }
            precondition(status == SNAPPY_OK, "BUG: snappy refused a buffer of the length it asked for")
            written = count
        }
    }
}

private func varintLength(_ value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }

extension [UInt8] {
    fileprivate mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// The tag of a length-delimited field, and its length.
    fileprivate mutating func appendHead(_ field: UInt64, length: Int) {
        appendVarint(field << 3 | 2)
        appendVarint(UInt64(length))
    }

    fileprivate mutating func appendField(_ field: UInt64, _ bytes: [UInt8]) {
        appendHead(field, length: bytes.count)
        self += bytes
    }

    /// `samples` of a `TimeSeries`: 1 the value, 2 the timestamp.
    fileprivate mutating func appendSample(_ value: Double, _ timestamp: Int64) {
        let time = UInt64(bitPattern: timestamp)
        appendHead(2, length: 10 + varintLength(time))
        append(1 << 3 | 1)
        Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { append(contentsOf: $0) }
        append(2 << 3 | 0)
        appendVarint(time)
    }
}
