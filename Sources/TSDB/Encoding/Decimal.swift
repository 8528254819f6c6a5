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
        let value = Double(bitPattern: bits)
        let scaled = (value * power(places)).rounded()
        guard scaled.magnitude < 9_007_199_254_740_992 else { return nil }
        let integer = Int64(scaled)
        return Decimal.bits(integer, places) == bits ? integer : nil
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
