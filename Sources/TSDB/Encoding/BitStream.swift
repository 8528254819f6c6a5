/// Appends bits to bytes, the most significant of a byte first. The last byte is filled up by ``finish(_:)``.
struct BitWriter {
    /// Bits that are no whole byte yet, the first on top.
    private var pending: UInt64 = 0
    private var pendingCount: UInt64 = 0

    /// - Parameter count: 0...56; the other bits of `value` are zero.
    @inline(__always)
    mutating func write(_ value: UInt64, _ count: UInt64, to bytes: inout [UInt8]) {
        assert(count <= 56 && value >> count == 0)
        guard count > 0 else { return }
        pending |= value << (64 - pendingCount - count)
        pendingCount += count
        while pendingCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending >> 56))
            pending <<= 8
            pendingCount -= 8
        }
    }

    mutating func finish(_ bytes: inout [UInt8]) {
        if pendingCount > 0 { bytes.append(UInt8(truncatingIfNeeded: pending >> 56)) }
        (pending, pendingCount) = (0, 0)
    }

    /// Writes `value` as an exponential Golomb code: its bits above the low `order`, plus one, behind as many zeros as
    /// that number has bits but one; then the low bits.
    ///
    /// - Parameters:
    ///   - value: less than 2^57.
    ///   - order: how many bits the number is expected to have, at most 57.
    mutating func writeGolomb(_ value: UInt64, order: UInt64, to bytes: inout [UInt8]) {
        let shifted = value >> order + 1
        let length = UInt64(64 - shifted.leadingZeroBitCount)
        write(0, length - 1, to: &bytes)
        writeLong(shifted, length, to: &bytes)
        writeLong(value & ((1 << order) - 1), order, to: &bytes)
    }

    /// - Parameter count: 0...64.
    @inline(__always)
    mutating func writeLong(_ value: UInt64, _ count: UInt64, to bytes: inout [UInt8]) {
        if count > 32 { write(value >> 32, count - 32, to: &bytes) }
        write(count > 32 ? value & 0xffff_ffff : value, min(count, 32), to: &bytes)
    }
}

/// Reads bits and checks every step, as ``ByteReader`` does with bytes.
struct BitReader {
    // SAFETY: the buffer is kept alive by the caller; every load is checked against its count.
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many bytes were touched.
    var byteCount: Int { (position + 7) >> 3 }

    var remaining: Int { bytes.count * 8 - position }

    /// The bits from here on, the first one on top: at least 57, zeros behind the end.
    @inline(__always)
    private func peek() -> UInt64 {
        let byte = position >> 3
        if bytes.count - byte >= 8 {
            return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self)) << UInt64(position & 7)
        }
        var word: UInt64 = 0
        for index in byte..<max(bytes.count, byte) { word |= UInt64(bytes[index]) << UInt64(56 - 8 * (index - byte)) }
        return word << UInt64(position & 7)
    }

    /// - Parameter count: 0...56.
    @inline(__always)
    mutating func read(_ count: Int) throws(DecodeError) -> UInt64 {
        guard count <= remaining else { throw .truncated }
        guard count > 0 else { return 0 }
        defer { position += count }
        return peek() >> UInt64(64 - count)
    }

    /// - Parameter count: 0...64.
    @inline(__always)
    mutating func readLong(_ count: Int) throws(DecodeError) -> UInt64 {
        if count <= 56 { return try read(count) }
        let high = try read(count - 32)
        return high << 32 | (try read(32))
    }

    /// - Parameter order: 0...57.
    /// - Throws: also where the number has more than 60 bits.
    @inline(__always)
    mutating func golomb(order: Int) throws(DecodeError) -> UInt64 {
        let zeros = peek().leadingZeroBitCount
        guard zeros < 57, zeros + order <= 60 else { throw DecodeError("a number has more than 60 bits") }
        guard zeros < remaining else { throw .truncated }
        position += zeros
        let high = try readLong(zeros + 1) - 1
        return high << UInt64(order) | (try readLong(order))
    }
}
