/// Bits are stored most significant first: bit 0 of a stream is the top bit of its first byte.
///
/// All of these work on whole 64-bit words, so that a stream needs ``bitPaddingBytes`` readable and writable bytes
/// behind its last one.
let bitPaddingBytes = 8

/// Writes the low `count` bits of `value`, whose other bits are zero, behind the first `position` bits of `base`.
///
/// - Parameter count: 1...56: with up to 7 bits of a byte taken, 63 bits of a word are used at most.
@inline(__always)
func writeBits(_ value: UInt64, _ count: Int, at position: inout Int, of base: UnsafeMutableRawPointer) {
    assert(count >= 1 && count <= 56 && value >> UInt64(count) == 0)
    let byte = position >> 3
    let used = position & 7
    let kept = UInt64(base.load(fromByteOffset: byte, as: UInt8.self)) << 56 & ~(UInt64.max >> UInt64(used))
    let word = kept | value << UInt64(64 - used - count)
    base.storeBytes(of: word.bigEndian, toByteOffset: byte, as: UInt64.self)
    position += count
}

/// Writes all 64 bits of `value`.
@inline(__always)
func writeWord(_ value: UInt64, at position: inout Int, of base: UnsafeMutableRawPointer) {
    writeBits(value >> 32, 32, at: &position, of: base)
    writeBits(value & 0xffff_ffff, 32, at: &position, of: base)
}

/// The bits from `position` on, the first one on top. At least the upper 57 are the stream's.
@inline(__always)
func peekBits(_ base: UnsafeRawPointer, _ position: Int) -> UInt64 {
    UInt64(bigEndian: base.loadUnaligned(fromByteOffset: position >> 3, as: UInt64.self)) << UInt64(position & 7)
}

/// Reads 64 bits.
@inline(__always)
func readWord(_ base: UnsafeRawPointer, _ position: inout Int) -> UInt64 {
    let high = peekBits(base, position) & 0xffff_ffff_0000_0000
    let low = peekBits(base, position + 32) >> 32
    position += 64
    return high | low
}

/// Writes bits one after another, and holds those that are no whole byte yet, so that no write waits for the one before.
struct BitAppender {
    // SAFETY: the caller has room for all that is appended, and `bitPaddingBytes` behind it.
    let base: UnsafeMutableRawPointer
    private var byte = 0
    /// Fewer than eight bits, the first on top.
    private var pending: UInt64 = 0
    private var pendingCount = 0

    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// How many bytes are written, the last one perhaps in part.
    var byteCount: Int { byte + (pendingCount + 7) / 8 }

    /// Appends the low `count` bits of `value`, 0...56, whose other bits are zero.
    @inline(__always)
    mutating func append(_ value: UInt64, _ count: Int) {
        assert(count >= 0 && count <= 56 && value >> UInt64(count) == 0)
        pendingCount += count
        pending |= value &<< UInt64(truncatingIfNeeded: 64 - pendingCount)
        base.storeBytes(of: pending.bigEndian, toByteOffset: byte, as: UInt64.self)
        pending &<<= UInt64(truncatingIfNeeded: pendingCount & ~7)
        byte += pendingCount >> 3
        pendingCount &= 7
    }
}
