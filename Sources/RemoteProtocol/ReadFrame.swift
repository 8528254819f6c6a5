import Model
import PrometheusData
import Protobuf

/// A part of a streamed answer: chunks of one series.
///
///     uvarint   length of the message
///     4 bytes   its CRC-32 with Castagnoli's polynomial, the most significant byte first
///     message   ChunkedReadResponse: chunked series 1, query's index 2
///
/// - Source: Prometheus, `storage/remote/chunked.go`.
package struct ReadFrame: Sendable {
    package var labels: Labels
    package var chunks: [SeriesChunk]
    package var queryIndex: Int

    package init(labels: Labels, chunks: [SeriesChunk], queryIndex: Int) {
        (self.labels, self.chunks, self.queryIndex) = (labels, chunks, queryIndex)
    }

    package func append(to out: inout [UInt8]) {
        var message = ProtobufWriter(capacity: chunks.reduce(256) { $0 + $1.data.count + 40 })
        message.message(1) { series in
            series.labels(1, labels)
            for chunk in chunks {
                series.message(2) {
                    $0.int64(1, chunk.minTime)
                    $0.int64(2, chunk.maxTime)
                    $0.varint(3, UInt64(chunk.encoding.rawValue))
                    $0.bytes(4, chunk.data)
                }
            }
        }
        message.varint(2, UInt64(queryIndex))
        var head = ProtobufWriter()
        head.number(UInt64(message.bytes.count))
        let sum = message.bytes.withUnsafeBytes { crc32c($0) }
        out += head.bytes
        withUnsafeBytes(of: sum.bigEndian) { out += $0 }
        out += message.bytes
    }
}

extension SeriesChunk {
    /// About what the chunk takes in a frame.
    package var encodedBytes: Int { data.count + 32 }
}
