/// Reads bits, the most significant one of a byte first.
///
/// The bytes must be followed by at least ``FileWindow/padding`` readable ones, so that a whole word can be loaded at
/// each place.
struct BitCursor {
    // SAFETY: `position` is at most `end`; a load takes the nine bytes from that of `position` on, which are inside the
    // chunk and the padding behind it. Whoever made the cursor keeps both alive.
    private let base: UnsafeRawPointer
    private var position = 0
    private let end: Int

    /// - Parameter bytes: at least one.
    init(_ bytes: UnsafeRawBufferPointer) {
        base = bytes.baseAddress!
        end = 8 * bytes.count
    }

    var remaining: Int { end - position }
    var byteOffset: Int { position >> 3 }

    private func ended() -> FormatError { FormatError(at: byteOffset, "the chunk ends within a sample") }

    @inline(__always)
    private func peek() -> UInt64 {
        let shift = UInt64(position & 7)
        let word = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: position >> 3, as: UInt64.self))
        let next = UInt64(base.load(fromByteOffset: position >> 3 + 8, as: UInt8.self))
        return word << shift | (next << shift) >> 8
    }

    @inline(__always)
    mutating func bit() throws(FormatError) -> Bool {
        guard position < end else { throw ended() }
        let byte = base.load(fromByteOffset: position >> 3, as: UInt8.self)
        defer { position += 1 }
        return byte & (128 >> UInt8(position & 7)) != 0
    }

    /// 1 to 64 bits.
    @inline(__always)
    mutating func bits(_ count: Int) throws(FormatError) -> UInt64 {
        guard count <= end - position else { throw ended() }
        let word = peek()
        position += count
        return word >> UInt64(64 - count)
    }

    /// How many ones come before the next zero, at most `max`; a zero behind fewer is passed over.
    @inline(__always)
    mutating func ones(max: Int) throws(FormatError) -> Int {
        let ones = min((~peek()).leadingZeroBitCount, max)
        let length = ones < max ? ones + 1 : max
        guard length <= end - position else { throw ended() }
        position += length
        return ones
    }

    mutating func double() throws(FormatError) -> Double { Double(bitPattern: try bits(64)) }

    mutating func byte() throws(FormatError) -> UInt8 { UInt8(truncatingIfNeeded: try bits(8)) }

    /// As ``ByteCursor/uvarint()``, at any bit.
    mutating func uvarint() throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else {
                throw FormatError(at: byteOffset, "expected a number of 64 bits at most")
            }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
    }

    mutating func varint() throws(FormatError) -> Int64 {
        let value = try uvarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

/// How many bits a number has behind so many ones, in ``BitCursor/varbitInt()``.
private let varbitWidths: InlineArray<9, Int> = [0, 3, 6, 9, 12, 18, 25, 56, 64]

extension BitCursor {
    /// A whole number: ones that say how wide it is, a zero unless there are eight, the bits. Of n bits the greatest
    /// number is 2^(n−1), and what is above stands for negative ones.
    @inline(__always)
    mutating func varbitInt() throws(FormatError) -> Int64 {
        let width = varbitWidths[try ones(max: 8)]
        if width == 0 { return 0 }
        return signed(try bits(width), width)
    }

    /// As ``varbitInt()``, for numbers that are not negative.
    @inline(__always)
    mutating func varbitUInt() throws(FormatError) -> UInt64 {
        let width = varbitWidths[try ones(max: 8)]
        return width == 0 ? 0 : try bits(width)
    }
}

/// Of `width` bits the number whose range ends at 2^(width−1), included.
@inline(__always)
func signed(_ bits: UInt64, _ width: Int) -> Int64 {
    if width < 64, bits > 1 << UInt64(width - 1) { return Int64(bitPattern: bits &- (1 << UInt64(width))) }
    return Int64(bitPattern: bits)
}
