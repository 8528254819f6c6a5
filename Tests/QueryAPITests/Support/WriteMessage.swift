import CSnappy
import TestSupport

/// Builds protobuf messages field by field.
struct Message {
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

    mutating func double(_ field: UInt64, _ value: Double) {
        varint(field << 3 | 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    static func label(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        var label = Message()
        if !name.isEmpty { label.bytes(1, name) }
        if !value.isEmpty { label.bytes(2, value) }
        return label.bytes
    }

    static func sample(_ timestamp: Int64, _ value: Double) -> [UInt8] {
        var sample = Message()
        sample.double(1, value)
        sample.varint(2, UInt64(bitPattern: timestamp))
        return sample.bytes
    }

    /// Appends a series to a write request.
    mutating func series(_ labels: [(String, String)], _ samples: [(Int64, Double)]) {
        series(labels.map { (Array($0.0.utf8), Array($0.1.utf8)) }, samples)
    }

    mutating func series(_ labels: [([UInt8], [UInt8])], _ samples: [(Int64, Double)]) {
        var series = Message()
        for (name, value) in labels { series.bytes(1, Message.label(name, value)) }
        for (timestamp, value) in samples { series.bytes(2, Message.sample(timestamp, value)) }
        bytes(1, series.bytes)
    }

    mutating func metadata(_ type: UInt64, _ name: String, _ help: String, _ unit: String) {
        var metadata = Message()
        metadata.varint(1, type)
        metadata.bytes(2, Array(name.utf8))
        metadata.bytes(4, Array(help.utf8))
        metadata.bytes(5, Array(unit.utf8))
        bytes(3, metadata.bytes)
    }
}

func snappyCompressed(_ bytes: [UInt8]) -> [UInt8] {
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

let writeHeaders = [
    ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
]

/// Sends a write request.
func write(_ port: Int, _ build: (inout Message) -> Void) async throws -> HTTPAnswer {
    var message = Message()
    build(&message)
    return try await ask(port, "POST", "/api/v1/write", headers: writeHeaders, body: snappyCompressed(message.bytes))
}
