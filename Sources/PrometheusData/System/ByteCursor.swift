/// Reads numbers from bytes, whose end it never passes.
struct ByteCursor {
    // SAFETY: `offset` is at most `bytes.count`; whoever made the cursor keeps the bytes alive while it is used.
    let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0) {
        self.bytes = bytes
        self.offset = min(offset, bytes.count)
    }

    var remaining: Int { bytes.count - offset }

    /// An error at the cursor.
    func error(_ reason: String) -> FormatError { FormatError(at: offset, reason) }

    mutating func byte() throws(FormatError) -> UInt8 {
        guard remaining > 0 else { throw error("expected a byte more") }
        offset += 1
        return bytes[offset - 1]
    }

    /// A number of four bytes, the most significant one first.
    mutating func be32() throws(FormatError) -> UInt32 {
        guard remaining >= 4 else { throw error("expected 4 bytes more, found \(remaining)") }
        offset += 4
        return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset - 4, as: UInt32.self))
    }

    /// A number of eight bytes, the most significant one first.
    mutating func be64() throws(FormatError) -> UInt64 {
        guard remaining >= 8 else { throw error("expected 8 bytes more, found \(remaining)") }
        offset += 8
        return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset - 8, as: UInt64.self))
    }

    mutating func double() throws(FormatError) -> Double { Double(bitPattern: try be64()) }

    /// A number in bytes of seven bits, the least significant ones first.
    mutating func uvarint() throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else { throw error("expected a number of 64 bits at most") }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
    }

    /// As ``uvarint()``, with 0, −1, 1, −2, … as 0, 1, 2, 3, ….
    mutating func varint() throws(FormatError) -> Int64 {
        let value = try uvarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number of things that take at least `bytesEach` bytes each, so that there cannot be more than these bytes hold.
    mutating func count(bytesEach: Int = 1) throws(FormatError) -> Int {
        let place = offset
        let value = try uvarint()
        guard value <= UInt64(remaining / bytesEach) else {
            throw FormatError(at: place, "\(value) elements are said to follow in \(remaining) bytes")
        }
        return Int(value)
    }

    mutating func take(_ count: Int) throws(FormatError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw error("expected \(count) bytes more, found \(remaining)") }
        offset += count
        return UnsafeRawBufferPointer(rebasing: bytes[offset - count..<offset])
    }

    /// A string behind its length.
    mutating func string() throws(FormatError) -> UnsafeRawBufferPointer { try take(try count()) }
}

extension UnsafeRawBufferPointer {
    /// The same bytes as those of a string.
    var text: UnsafeBufferPointer<UInt8> { bindMemory(to: UInt8.self) }
}

extension [UInt8] {
    /// As `withUnsafeBytes`, whose errors have no type.
    func withRawBytes<Value>(
        _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Value
    ) throws(FormatError) -> Value {
        try withUnsafeBufferPointer { (bytes) throws(FormatError) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}
