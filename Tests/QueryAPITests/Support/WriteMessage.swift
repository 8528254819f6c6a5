import CSnappy
import Model
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

extension Message {
    mutating func sint(_ field: UInt64, _ number: Int64) {
        varint(field, UInt64(bitPattern: number << 1 ^ number >> 63))
    }

    /// A native histogram, in the message that both versions have.
    static func histogram(_ timestamp: Int64, _ histogram: Histogram, startTime: Int64 = 0) -> [UInt8] {
        var message = Message()
        if histogram.isFloat {
            message.double(2, histogram.count)
            message.double(7, histogram.zeroCount)
        } else {
            message.varint(1, UInt64(histogram.count))
            message.varint(6, UInt64(histogram.zeroCount))
        }
        message.double(3, histogram.sum)
        message.sint(4, Int64(histogram.schema))
        message.double(5, histogram.zeroThreshold)
        message.buckets(8, histogram.negativeSpans, histogram.negativeBuckets, isFloat: histogram.isFloat)
        message.buckets(11, histogram.positiveSpans, histogram.positiveBuckets, isFloat: histogram.isFloat)
        message.varint(14, UInt64(histogram.counterReset.rawValue))
        message.varint(15, UInt64(bitPattern: timestamp))
        for value in histogram.customValues { message.double(16, value) }
        if startTime != 0 { message.varint(17, UInt64(bitPattern: startTime)) }
        return message.bytes
    }

    /// An exemplar in version 1.0's message.
    static func exemplar(_ timestamp: Int64, _ value: Double, _ labels: [(String, String)]) -> [UInt8] {
        var exemplar = Message()
        for (name, value) in labels { exemplar.bytes(1, label(Array(name.utf8), Array(value.utf8))) }
        exemplar.double(2, value)
        exemplar.varint(3, UInt64(bitPattern: timestamp))
        return exemplar.bytes
    }

    private mutating func buckets(_ field: UInt64, _ spans: [Histogram.Span], _ buckets: [Double], isFloat: Bool) {
        for span in spans {
            var message = Message()
            message.sint(1, Int64(span.offset))
            message.varint(2, UInt64(span.length))
            bytes(field, message.bytes)
        }
        var packed = Message()
        var last: Int64 = 0
        for bucket in buckets where !isFloat {
            let delta = Int64(bucket) - last
            packed.varint(UInt64(bitPattern: delta << 1 ^ delta >> 63))
            last = Int64(bucket)
        }
        for bucket in buckets where isFloat {
            withUnsafeBytes(of: bucket.bitPattern.littleEndian) { packed.bytes += $0 }
        }
        if !packed.bytes.isEmpty { bytes(isFloat ? field + 2 : field + 1, packed.bytes) }
    }
}

/// Builds a request of remote write 2.0.
struct Message2 {
    private var symbols = [""]
    private var series = Message()

    /// The number of `text` among the symbols.
    mutating func symbol(_ text: String) -> UInt64 {
        if let index = symbols.firstIndex(of: text) { return UInt64(index) }
        symbols.append(text)
        return UInt64(symbols.count - 1)
    }

    mutating func references(_ labels: [(String, String)]) -> [UInt8] {
        var packed = Message()
        for (name, value) in labels {
            packed.varint(symbol(name))
            packed.varint(symbol(value))
        }
        return packed.bytes
    }

    /// Appends a series whose labels are `labels`, and what `build` adds.
    mutating func series(
        _ labels: [(String, String)], _ build: (inout Message, inout Message2) -> Void = { _, _ in }
    ) {
        var one = Message()
        one.bytes(1, references(labels))
        build(&one, &self)
        series.bytes(5, one.bytes)
    }

    /// Appends a series as it is.
    mutating func rawSeries(_ bytes: [UInt8]) { series.bytes(5, bytes) }

    func sample(_ timestamp: Int64, _ value: Double, startTime: Int64 = 0) -> [UInt8] {
        var sample = Message()
        sample.bytes = Message.sample(timestamp, value)
        if startTime != 0 { sample.varint(3, UInt64(bitPattern: startTime)) }
        return sample.bytes
    }

    mutating func exemplar(_ timestamp: Int64, _ value: Double, _ labels: [(String, String)]) -> [UInt8] {
        var exemplar = Message()
        exemplar.bytes(1, references(labels))
        exemplar.double(2, value)
        exemplar.varint(3, UInt64(bitPattern: timestamp))
        return exemplar.bytes
    }

    mutating func metadata(_ type: UInt64, _ help: String, _ unit: String) -> [UInt8] {
        var metadata = Message()
        metadata.varint(1, type)
        metadata.varint(3, symbol(help))
        metadata.varint(4, symbol(unit))
        return metadata.bytes
    }

    /// - Parameter symbolsFirst: where the symbols stand; either is allowed.
    func bytes(symbolsFirst: Bool = true) -> [UInt8] {
        var table = Message()
        for symbol in symbols { table.bytes(4, Array(symbol.utf8)) }
        return symbolsFirst ? table.bytes + series.bytes : series.bytes + table.bytes
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

let write2Headers = [
    ("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"), ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "2.0.0"),
]

/// Sends a request of version 2.0.
func write2(
    _ port: Int, symbolsFirst: Bool = true, _ build: (inout Message2) -> Void
) async throws -> HTTPAnswer {
    var message = Message2()
    build(&message)
    return try await ask(
        port, "POST", "/api/v1/write", headers: write2Headers,
        body: snappyCompressed(message.bytes(symbolsFirst: symbolsFirst)))
}

extension HTTPAnswer {
    /// Samples, histograms and exemplars that were written, by the answer's headers.
    var written: [String?] {
        ["Samples", "Histograms", "Exemplars"].map { header("X-Prometheus-Remote-Write-\($0)-Written") }
    }
}
