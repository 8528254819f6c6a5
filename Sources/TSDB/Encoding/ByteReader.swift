/// Why stored bytes do not decode.
struct DecodeError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    static let truncated = DecodeError("the bytes end early")
}

/// Reads stored bytes from front to back and checks every step: nothing in them can make it read outside, or trap.
struct ByteReader {
    // SAFETY: `end` is the end of the buffer that `init` got, which the caller keeps alive; every read checks it first.
    private var next: UnsafeRawPointer?
    private let end: UnsafeRawPointer?

    init(_ bytes: UnsafeRawBufferPointer) {
        next = bytes.baseAddress
        end = bytes.baseAddress.map { $0 + bytes.count }
    }

    var remaining: Int {
        guard let next, let end else { return 0 }
        return end - next
    }

    /// What is not read yet.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: next, count: remaining) }

    @inline(__always)
    mutating func byte() throws(DecodeError) -> UInt8 {
        guard remaining > 0, let at = next else { throw .truncated }
        next = at + 1
        return at.load(as: UInt8.self)
    }

    /// - Throws: also where the number has more than 64 bits.
    @inline(__always)
    mutating func varint() throws(DecodeError) -> UInt64 {
        let first = try byte()
        if first < 0x80 { return UInt64(first) }
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while true {
            let byte = try byte()
            // The tenth byte holds the one bit that is left.
            guard shift < 63 || byte <= 1 else { throw DecodeError("a number has more than 64 bits") }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    @inline(__always)
    mutating func zigzag() throws(DecodeError) -> Int64 { unzigzag(try varint()) }

    /// A varint that counts something, of which there can be at most `max`.
    mutating func count(max: Int) throws(DecodeError) -> Int {
        let value = try varint()
        guard value <= UInt64(max) else { throw DecodeError("a count is \(value), at most \(max) is possible") }
        return Int(value)
    }

    mutating func fixed32() throws(DecodeError) -> UInt32 {
        UInt32(littleEndian: try bytes(4).loadUnaligned(as: UInt32.self))
    }

    mutating func fixed64() throws(DecodeError) -> UInt64 {
        UInt64(littleEndian: try bytes(8).loadUnaligned(as: UInt64.self))
    }

    mutating func bytes(_ count: Int) throws(DecodeError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { if let at = next { next = at + count } }
        return UnsafeRawBufferPointer(start: next, count: count)
    }
}
