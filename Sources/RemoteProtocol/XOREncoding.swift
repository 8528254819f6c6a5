import Model

/// A double that is told by the bits that differ from the one before.
struct XORDifference {
    private var bits: UInt64
    private var leading = 64
    private var trailing = 0

    init(_ first: Double) { bits = first.bitPattern }

    /// Writes `0`: the same; `10`: the bits that differ lie where they lay the last time; `11`: five bits with the number
    /// of zeros before them and six with their number, 0 for 64.
    mutating func write(_ value: Double, _ out: inout BitWriter) {
        let difference = value.bitPattern ^ bits
        bits = value.bitPattern
        guard difference != 0 else { return out.bit(false) }
        let newLeading = min(difference.leadingZeroBitCount, 31)
        let newTrailing = difference.trailingZeroBitCount
        if newLeading >= leading, newTrailing >= trailing {
            out.bits(0b10, 2)
        } else {
            (leading, trailing) = (newLeading, newTrailing)
            out.bits(0b11, 2)
            out.bits(UInt64(leading), 5)
            out.bits(UInt64(64 - leading - trailing) & 63, 6)
        }
        out.bits(difference >> UInt64(trailing), 64 - leading - trailing)
    }
}

/// Floats as Prometheus's XOR chunks hold them: number of samples; the first time and value whole, the second time as a
/// distance, later ones as changes of it.
///
/// - Source: Prometheus, `tsdb/docs/format/chunks.md`.
func encodeXOR(_ buffer: SampleBuffer, _ range: Range<Int>) -> [UInt8] {
    var out = BitWriter()
    out.bits(UInt64(range.count), 16)
    var difference = XORDifference(buffer.values[range.lowerBound])
    var distance: Int64 = 0
    for index in range {
        let time = buffer.timestamps[index]
        let value = buffer.values[index]
        guard index > range.lowerBound else {
            out.varint(time)
            out.double(value)
            continue
        }
        let newDistance = time &- buffer.timestamps[index - 1]
        if index == range.lowerBound + 1 {
            out.uvarint(UInt64(bitPattern: newDistance))
        } else {
            writeChange(newDistance &- distance, &out)
        }
        distance = newDistance
        difference.write(value, &out)
    }
    return out.bytes
}

/// The change of a distance: ones that say how wide it is, and it.
private func writeChange(_ change: Int64, _ out: inout BitWriter) {
    if change == 0 { return out.bit(false) }
    if fits(change, 14) {
        out.bits(0b10, 2)
        out.bits(UInt64(bitPattern: change), 14)
    } else if fits(change, 17) {
        out.bits(0b110, 3)
        out.bits(UInt64(bitPattern: change), 17)
    } else if fits(change, 20) {
        out.bits(0b1110, 4)
        out.bits(UInt64(bitPattern: change), 20)
    } else {
        out.bits(0b1111, 4)
        out.bits(UInt64(bitPattern: change), 64)
    }
}
