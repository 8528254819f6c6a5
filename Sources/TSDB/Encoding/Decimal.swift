/// Doubles as whole numbers: most measured values are decimals with few places, and `value · 10^places` of them is a
/// small whole number whose changes are small too.
enum Decimal {
    /// The most places tried: beyond them a decimal is seldom shorter than the bits.
    static let placesMax = 9

    private static let powers: InlineArray<10, Double> = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    /// 10^places.
    @inline(__always)
    static func power(_ places: UInt8) -> Double { powers[Int(places)] }

    /// The whole number that ``value(_:_:)`` turns into just these bits, or nil where there is none below 2^53. Minus
    /// zero, infinities and NaNs have none.
    @inline(__always)
    static func integer(_ bits: UInt64, _ places: UInt8) -> Int64? {
        let scaled = Double(bitPattern: bits) * power(places)
        let magnitude = scaled.magnitude
        guard magnitude < 0x1p53 else { return nil }
        // As `rounded()` does, which may be a call: from 2^52 on there are whole numbers only; below, adding 2^52 leaves no
        // room for others, and takes a half to the even neighbour.
        var whole = magnitude < 0x1p52 ? (magnitude + 0x1p52) - 0x1p52 : magnitude
        if whole - magnitude == -0.5 { whole += 1 }
        let integer = Int64(scaled < 0 ? -whole : whole)
        return Decimal.bits(integer, places) == bits ? integer : nil
    }

    /// Writes the whole numbers of `count` values, unless one of them is none, or 2^51 or more. Without branches, so that
    /// several are converted at once.
    ///
    /// - Returns: whether all are written.
    static func integers(
        _ values: UnsafePointer<Double>, _ count: Int, _ places: UInt8, into numbers: UnsafeMutablePointer<Int64>
    ) -> Bool {
        // A number that is added to this one ends where the bits of a double do.
        let middle = 0x1.8p52
        let power = power(places)
        var wrong: UInt64 = 0
        for index in 0..<count {
            let value = values[index]
            let sum = value * power + middle
            let back = places == 0 ? sum - middle : (sum - middle) / power
            numbers[index] = Int64(bitPattern: sum.bitPattern &- middle.bitPattern)
            wrong |= (sum.bitPattern ^ middle.bitPattern) >> 52 | (back.bitPattern ^ value.bitPattern)
        }
        return wrong == 0
    }

    /// The bits of the double nearest to `integer / 10^places`.
    @inline(__always)
    static func bits(_ integer: Int64, _ places: UInt8) -> UInt64 {
        (Double(integer) / power(places)).bitPattern
    }

    /// The fewest places that give a whole number, with that number.
    static func shortest(_ bits: UInt64) -> (places: UInt8, integer: Int64)? {
        for places in 0...UInt8(placesMax) {
            if let integer = integer(bits, places) { return (places, integer) }
        }
        return nil
    }
}
