/// Writes the few bits that tell how a column is coded, the highest of each number first.
struct HeaderBitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// Appends the low `count` bits of `value`, 0...56, whose other bits are zero.
    mutating func append(_ value: UInt64, _ count: Int) {
        assert(count <= 56 && value >> UInt64(count) == 0)
        pending = pending << UInt64(count) | value
        pendingCount += count
        while pendingCount >= 8 {
            pendingCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingCount)))
        }
    }

    /// Appends any number: seven bits that tell its length, then the bits behind its first one.
    mutating func appendNumber(_ value: UInt64) {
        let length = 64 - value.leadingZeroBitCount
        append(UInt64(length), 7)
        guard length > 1 else { return }
        let rest = value & ~(1 << UInt64(length - 1))
        if length > 33 { append(rest >> 32, length - 33) }
        append(length > 33 ? rest & 0xffff_ffff : rest, min(length - 1, 32))
    }

    /// Fills up to a whole byte.
    mutating func finish() { if pendingCount > 0 { append(0, 8 - pendingCount) } }
}

/// Reads what ``HeaderBitWriter`` wrote, and checks every step.
struct HeaderBitReader {
    // SAFETY: `bytes` has `bitPaddingBytes` readable bytes behind it, and no bit behind its end is given out.
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// - Parameter bytes: with ``bitPaddingBytes`` behind it.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many bytes are read, the last one perhaps in part.
    var byteCount: Int { (position + 7) / 8 }

    /// Reads 0...56 bits.
    mutating func bits(_ count: Int) throws(DecodeError) -> UInt64 {
        guard let base = bytes.baseAddress, position + count <= bytes.count * 8 else { throw .truncated }
        guard count > 0 else { return 0 }
        defer { position += count }
        return peekBits(base, position) >> UInt64(64 - count)
    }

    mutating func number() throws(DecodeError) -> UInt64 {
        let length = Int(try bits(7))
        guard length <= 64 else { throw DecodeError("a number has \(length) bits") }
        guard length > 1 else { return UInt64(length) }
        let high = length > 33 ? try bits(length - 33) : 0
        return 1 << UInt64(length - 1) | high << 32 | (try bits(min(length - 1, 32)))
    }
}
