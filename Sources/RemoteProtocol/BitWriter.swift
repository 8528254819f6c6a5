import Protobuf

/// Appends bits, the most significant one of a byte first.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    /// Bits of the last byte that are not taken yet.
    private var free = 0

    /// The lowest `count` bits of `value`, 0 to 64.
    mutating func bits(_ value: UInt64, _ count: Int) {
        var left = count
        while left > 0 {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            let taken = min(left, free)
            let part =
                UInt8(truncatingIfNeeded: value >> UInt64(left - taken)) & UInt8(truncatingIfNeeded: (1 << taken) - 1)
            bytes[bytes.count - 1] |= part << UInt8(free - taken)
            left -= taken
            free -= taken
        }
    }

    mutating func bit(_ isSet: Bool) { bits(isSet ? 1 : 0, 1) }

    mutating func double(_ value: Double) { bits(value.bitPattern, 64) }

    mutating func uvarint(_ value: UInt64) {
        var rest = value
        while rest >= 128 {
            bits(rest & 127 | 128, 8)
            rest >>= 7
        }
        bits(rest, 8)
    }

    mutating func varint(_ value: Int64) { uvarint(zigzag(value)) }

    /// Widths behind so many ones of a number in Prometheus's variable notation; a zero ends the ones unless there are
    /// eight.
    private static let widths: InlineArray<9, Int> = [0, 3, 6, 9, 12, 18, 25, 56, 64]

    /// Of n bits the greatest number is 2^(n−1), and what is above stands for negative ones.
    mutating func varbitInt(_ value: Int64) {
        var ones = 0
        while ones < 8, !fits(value, BitWriter.widths[ones]) { ones += 1 }
        head(ones)
        bits(UInt64(bitPattern: value), BitWriter.widths[ones])
    }

    /// As ``varbitInt(_:)``, for numbers that are not negative.
    mutating func varbitUInt(_ value: UInt64) {
        var ones = 0
        while ones < 8, value >> UInt64(BitWriter.widths[ones]) != 0 { ones += 1 }
        head(ones)
        bits(value, BitWriter.widths[ones])
    }

    private mutating func head(_ ones: Int) {
        if ones < 8 { bits((1 << UInt64(ones) - 1) << 1, ones + 1) } else { bits(255, 8) }
    }
}

/// Whether a number fits `width` bits whose greatest number is 2^(width−1).
func fits(_ value: Int64, _ width: Int) -> Bool {
    if width == 0 { return value == 0 }
    return value > -(1 << Int64(width - 1)) && value <= 1 << Int64(width - 1)
}
