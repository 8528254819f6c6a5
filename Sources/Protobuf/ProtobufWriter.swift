import Model

/// Appends the fields of a protobuf message. Fields that hold what an absent one means are left out.
///
/// - Source: https://protobuf.dev/programming-guides/encoding/
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8]

    package init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// A number by itself, as packed fields hold them.
    package mutating func number(_ number: UInt64) {
        var rest = number
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func varint(_ field: UInt64, _ value: UInt64) {
        if value != 0 { presentVarint(field, value) }
    }

    /// One of a `oneof`, which is there even where it is zero.
    package mutating func presentVarint(_ field: UInt64, _ value: UInt64) {
        number(field << 3)
        number(value)
    }

    package mutating func int64(_ field: UInt64, _ value: Int64) { varint(field, UInt64(bitPattern: value)) }

    package mutating func zigzag(_ field: UInt64, _ value: Int64) {
        varint(field, Protobuf.zigzag(value))
    }

    package mutating func double(_ field: UInt64, _ value: Double) {
        // −0 is another number than an absent field.
        if value.bitPattern != 0 { presentDouble(field, value) }
    }

    package mutating func presentDouble(_ field: UInt64, _ value: Double) {
        number(field << 3 | 1)
        fixed64(value.bitPattern)
    }

    private mutating func fixed64(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func bytes(_ field: UInt64, _ content: some Collection<UInt8>) {
        number(field << 3 | 2)
        number(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    package mutating func string(_ field: UInt64, _ text: String) {
        if !text.isEmpty { bytes(field, text.utf8) }
    }

    /// A message within this one.
    package mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        bytes(field, inner.bytes)
    }

    package mutating func packedNumbers(_ field: UInt64, _ values: some Sequence<UInt64>) {
        var inner = ProtobufWriter()
        for value in values { inner.number(value) }
        if !inner.bytes.isEmpty { bytes(field, inner.bytes) }
    }

    package mutating func packedDoubles(_ field: UInt64, _ values: [Double]) {
        guard !values.isEmpty else { return }
        number(field << 3 | 2)
        number(UInt64(8 * values.count))
        for value in values { fixed64(value.bitPattern) }
    }

    /// Labels, each a message of a name 1 and a value 2.
    package mutating func labels(_ field: UInt64, _ labels: Labels) {
        labels.forEachBytes { name, value in
            message(field) {
                $0.bytes(1, name)
                $0.bytes(2, value)
            }
        }
    }

    /// A sample: value 1, timestamp 2; in write requests 2.0 a start timestamp 3.
    package mutating func sample(_ field: UInt64, _ time: Int64, _ value: Double, startTime: Int64 = 0) {
        message(field) {
            $0.double(1, value)
            $0.int64(2, time)
            $0.int64(3, startTime)
        }
    }
}

/// 0, −1, 1, −2, … as 0, 1, 2, 3, …
package func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
