/// A double that is told by the bits that differ from the one before.
struct XORValue {
    var bits: UInt64 = 0
    private var leading = 0
    private var width = 0

    var value: Double { Double(bitPattern: bits) }

    /// Reads `0`: the same; `10`: the bits that differ lie where they lay the last time; `11`: five bits with the number
    /// of zeros before them and six with their number, 0 for 64.
    @inline(__always)
    mutating func read(_ cursor: inout BitCursor) throws(FormatError) {
        guard try cursor.bit() else { return }
        if try cursor.bit() { try readWindow(&cursor) }
        try readDifference(&cursor)
    }

    @inline(__always)
    mutating func readWindow(_ cursor: inout BitCursor) throws(FormatError) {
        let head = Int(try cursor.bits(11))
        leading = head >> 6
        width = head & 63 == 0 ? 64 : head & 63
        guard leading + width <= 64 else {
            throw FormatError(at: cursor.byteOffset, "\(leading) zeros and \(width) bits are more than a value has")
        }
    }

    @inline(__always)
    mutating func readDifference(_ cursor: inout BitCursor) throws(FormatError) {
        guard width > 0 else {
            throw FormatError(at: cursor.byteOffset, "the first difference says that it lies where the one before did")
        }
        bits ^= try cursor.bits(width) << UInt64(64 - leading - width)
    }
}
