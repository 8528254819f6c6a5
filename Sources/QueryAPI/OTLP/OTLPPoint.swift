import Model
import Protobuf
import RemoteProtocol

/// A data point of any kind of metric, as it was sent. Kinds use those of the fields that they have.
struct OTLPPoint {
    var attributes = OTLPAttributes()
    /// Milliseconds since the Unix epoch.
    var timestamp: Int64 = 0
    /// 0 where it is not known.
    var startTime: Int64 = 0
    var value = 0.0
    /// Whether it says that the series has ended.
    var isStale = false
    var count: UInt64 = 0
    /// Where it has one.
    var sum: Double?
    /// Of a histogram: how many observations each bucket holds, and all upper bounds but the last.
    var bucketCounts: [UInt64] = []
    var bounds: [Double] = []
    /// Of a summary.
    var quantiles: [(quantile: Double, value: Double)] = []
    var exemplars: [Exemplar] = []
    /// Of an exponential histogram.
    var scale: Int32 = 0
    var zeroCount: UInt64 = 0
    var positive = Buckets()
    var negative = Buckets()

    struct Buckets {
        var offset: Int32 = 0
        var counts: [UInt64] = []
    }

    /// NumberDataPoint: start 2, time 3, double 4, exemplars 5, int 6, attributes 7, flags 8.
    static func number(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> OTLPPoint {
        var point = OTLPPoint()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .fixed64(let nanoseconds)): point.startTime = milliseconds(nanoseconds)
            case (3, .fixed64(let nanoseconds)): point.timestamp = milliseconds(nanoseconds)
            case (4, .fixed64(let bits)): point.value = Double(bitPattern: bits)
            case (5, .bytes(let bytes)): try point.addExemplar(bytes)
            case (6, .fixed64(let bits)): point.value = Double(Int64(bitPattern: bits))
            case (7, .bytes(let bytes)): try point.attributes.append(bytes)
            case (8, .varint(let flags)): point.isStale = flags & 1 != 0
            default: break
            }
        }
        return point.finished()
    }

    /// HistogramDataPoint: start 2, time 3, count 4, sum 5, counts 6, bounds 7, exemplars 8, attributes 9, flags 10.
    static func histogram(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> OTLPPoint {
        var point = OTLPPoint()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .fixed64(let nanoseconds)): point.startTime = milliseconds(nanoseconds)
            case (3, .fixed64(let nanoseconds)): point.timestamp = milliseconds(nanoseconds)
            case (4, .fixed64(let count)): point.count = count
            case (5, .fixed64(let bits)): point.sum = Double(bitPattern: bits)
            case (6, _):
                try value.forEachDouble { number throws(ProtobufError) in
                    try checkElements(point.bucketCounts.count)
                    point.bucketCounts.append(number.bitPattern)
                }
            case (7, _):
                try value.forEachDouble { number throws(ProtobufError) in
                    try checkElements(point.bounds.count)
                    point.bounds.append(number)
                }
            case (8, .bytes(let bytes)): try point.addExemplar(bytes)
            case (9, .bytes(let bytes)): try point.attributes.append(bytes)
            case (10, .varint(let flags)): point.isStale = flags & 1 != 0
            default: break
            }
        }
        return point.finished()
    }

    /// ExponentialHistogramDataPoint: attributes 1, start 2, time 3, count 4, sum 5, scale 6, zero count 7, positive 8,
    /// negative 9, flags 10, exemplars 11.
    static func exponential(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> OTLPPoint {
        var point = OTLPPoint()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let bytes)): try point.attributes.append(bytes)
            case (2, .fixed64(let nanoseconds)): point.startTime = milliseconds(nanoseconds)
            case (3, .fixed64(let nanoseconds)): point.timestamp = milliseconds(nanoseconds)
            case (4, .fixed64(let count)): point.count = count
            case (5, .fixed64(let bits)): point.sum = Double(bitPattern: bits)
            case (6, .varint(let number)): point.scale = Int32(truncatingIfNeeded: unzigzag(number))
            case (7, .fixed64(let count)): point.zeroCount = count
            case (8, .bytes(let bytes)): point.positive = try readBuckets(bytes)
            case (9, .bytes(let bytes)): point.negative = try readBuckets(bytes)
            case (10, .varint(let flags)): point.isStale = flags & 1 != 0
            case (11, .bytes(let bytes)): try point.addExemplar(bytes)
            default: break
            }
        }
        return point.finished()
    }

    /// SummaryDataPoint: start 2, time 3, count 4, sum 5, quantiles 6 (quantile 1, value 2), attributes 7, flags 8.
    static func summary(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> OTLPPoint {
        var point = OTLPPoint()
        point.sum = 0
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .fixed64(let nanoseconds)): point.startTime = milliseconds(nanoseconds)
            case (3, .fixed64(let nanoseconds)): point.timestamp = milliseconds(nanoseconds)
            case (4, .fixed64(let count)): point.count = count
            case (5, .fixed64(let bits)): point.sum = Double(bitPattern: bits)
            case (6, .bytes(let bytes)): try point.addQuantile(bytes)
            case (7, .bytes(let bytes)): try point.attributes.append(bytes)
            case (8, .varint(let flags)): point.isStale = flags & 1 != 0
            default: break
            }
        }
        return point.finished()
    }

    private mutating func addExemplar(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        guard exemplars.count < Limit.writeExemplars else {
            throw ProtobufError(description: "a data point has more than \(Limit.writeExemplars) exemplars")
        }
        exemplars.append(try readExemplar(message))
    }

    private mutating func addQuantile(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        try checkElements(quantiles.count)
        quantiles.append(try readQuantile(message))
    }

    private func finished() -> OTLPPoint {
        var point = self
        point.attributes.sort()
        return point
    }
}

private func milliseconds(_ nanoseconds: UInt64) -> Int64 { Int64(nanoseconds / 1_000_000) }

private func readQuantile(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> (Double, Double) {
    var (quantile, number) = (0.0, 0.0)
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard case .fixed64(let bits) = value else { continue }
        if field == 1 { quantile = Double(bitPattern: bits) } else if field == 2 { number = Double(bitPattern: bits) }
    }
    return (quantile, number)
}

/// Buckets: offset 1 (sint32), counts 2.
private func readBuckets(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> OTLPPoint.Buckets {
    var buckets = OTLPPoint.Buckets()
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        if field == 1, case .varint(let number) = value {
            buckets.offset = Int32(truncatingIfNeeded: unzigzag(number))
        } else if field == 2 {
            try value.forEachVarint { number throws(ProtobufError) in
                try checkElements(buckets.counts.count)
                buckets.counts.append(number)
            }
        }
    }
    return buckets
}

/// Exemplar: time 2, double 3, span 4, trace 5, int 6, attributes 7.
private func readExemplar(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Exemplar {
    var exemplar = Exemplar(labels: .empty, timestamp: 0, value: 0)
    var labels: [(name: String, value: String)] = []
    var attributes = OTLPAttributes()
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (2, .fixed64(let nanoseconds)): exemplar.timestamp = milliseconds(nanoseconds)
        case (3, .fixed64(let bits)): exemplar.value = Double(bitPattern: bits)
        case (4, .bytes(let id)) where id.contains { $0 != 0 }: labels.append(("span_id", hex(id)))
        case (5, .bytes(let id)) where id.contains { $0 != 0 }: labels.append(("trace_id", hex(id)))
        case (6, .fixed64(let bits)): exemplar.value = Double(Int64(bitPattern: bits))
        case (7, .bytes(let bytes)): try attributes.append(bytes)
        default: break
        }
    }
    // The trace is what an exemplar is for: attributes only come along where there is room for all of them.
    let all = attributes.fault == nil ? attributes.pairs + labels : labels
    let characters = all.reduce(0) { $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count }
    exemplar.labels = Labels(characters <= Limit.exemplarLabelCharacters ? all : labels)
    return exemplar
}

private func hex(_ bytes: UnsafeRawBufferPointer) -> String {
    var out: [UInt8] = []
    for byte in bytes.prefix(32) { out += [hexDigit(byte >> 4), hexDigit(byte & 15)] }
    return String(decoding: out, as: UTF8.self)
}

private func checkElements(_ count: Int) throws(ProtobufError) {
    guard count < Histogram.elementsMax else {
        throw ProtobufError(
            description: "a histogram has more than \(Histogram.elementsMax) buckets or bounds, or a summary quantiles")
    }
}
