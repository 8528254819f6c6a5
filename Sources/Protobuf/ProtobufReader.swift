/// Why bytes are no message.
package struct ProtobufError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }

    package static let unexpectedEnd = ProtobufError(description: "unexpected EOF")
}

/// Reads the fields of a protobuf message one after the other, without copying.
///
/// The bytes have to outlive the reader.
/// - Source: https://protobuf.dev/programming-guides/encoding/
package struct ProtobufReader {
    package enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(UnsafeRawBufferPointer)
        /// A field of 32 bits; none is used here.
        case fixed32
    }

    @usableFromInline let bytes: UnsafeRawBufferPointer
    package var offset = 0

    @inlinable package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next field's number and value; nil at the end.
    @inline(__always)
    @inlinable
    package mutating func next() throws(ProtobufError) -> (field: UInt64, value: Value)? {
        guard offset < bytes.count else { return nil }
        let tag = try varint()
        let field = tag >> 3
        guard field > 0 else { throw ProtobufError(description: "illegal tag \(tag) at byte \(offset)") }
        switch tag & 7 {
        case 0: return (field, .varint(try varint()))
        case 1: return (field, .fixed64(try fixed64()))
        case 2: return (field, .bytes(try lengthDelimited()))
        case 5:
            guard bytes.count - offset >= 4 else { throw .unexpectedEnd }
            offset += 4
            return (field, .fixed32)
        default: throw ProtobufError(description: "illegal wireType \(tag & 7) of field \(field) at byte \(offset)")
        }
    }

    @inlinable package var isAtEnd: Bool { offset >= bytes.count }

    /// A number by itself, as packed fields hold them.
    @inline(__always)
    @inlinable
    package mutating func varint() throws(ProtobufError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            // The tenth byte holds the topmost bit alone; an eleventh cannot be.
            guard shift < 63 || shift == 63 && byte <= 1 else {
                throw ProtobufError(description: "varint overflows 64 bits at byte \(offset)")
            }
            result |= UInt64(byte & 127) << shift
            if byte < 128 { return result }
            shift += 7
        }
        throw .unexpectedEnd
    }

    @inline(__always)
    @inlinable
    package mutating func fixed64() throws(ProtobufError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw .unexpectedEnd }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    @inlinable
    package mutating func lengthDelimited() throws(ProtobufError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(bytes.count - offset) else { throw .unexpectedEnd }
        defer { offset += Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(length)])
    }
}

extension ProtobufReader.Value {
    /// Calls `body` with each number of a repeated field, which holds one or, packed, many.
    @inline(__always)
    @inlinable
    package func forEachVarint(_ body: (UInt64) throws(ProtobufError) -> Void) throws(ProtobufError) {
        switch self {
        case .varint(let number): try body(number)
        case .bytes(let packed):
            var reader = ProtobufReader(packed)
            while !reader.isAtEnd { try body(try reader.varint()) }
        default: break
        }
    }

    /// As ``forEachVarint(_:)``, for doubles.
    @inline(__always)
    @inlinable
    package func forEachDouble(_ body: (Double) throws(ProtobufError) -> Void) throws(ProtobufError) {
        switch self {
        case .fixed64(let bits): try body(Double(bitPattern: bits))
        case .bytes(let packed):
            var reader = ProtobufReader(packed)
            while !reader.isAtEnd { try body(Double(bitPattern: try reader.fixed64())) }
        default: break
        }
    }
}

/// 0, 1, 2, 3, … as 0, −1, 1, −2, …
package func unzigzag(_ number: UInt64) -> Int64 {
    Int64(bitPattern: number >> 1) ^ (0 &- Int64(bitPattern: number & 1))
}
