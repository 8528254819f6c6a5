/// Divides numbers that are known to be multiples of one, by multiplication with its inverse modulo 2^64: a division would
/// take several times as long.
struct ExactDivisor {
    let divisor: UInt64
    private let shift: UInt64
    private let inverse: UInt64
    private let quotientMax: UInt64

    /// - Parameter divisor: not 0.
    init(_ divisor: UInt64) {
        self.divisor = divisor
        shift = UInt64(divisor.trailingZeroBitCount)
        let odd = divisor >> shift
        // Newton's method: five bits are right at first, and twice as many after each step.
        var inverse = odd &* 3 ^ 2
        for _ in 0..<4 { inverse &*= 2 &- odd &* inverse }
        self.inverse = inverse
        quotientMax = .max / odd
    }

    @inline(__always)
    func divides(_ number: UInt64) -> Bool {
        number & (1 &<< shift &- 1) == 0 && (number &>> shift) &* inverse <= quotientMax
    }

    /// - Parameter number: a multiple.
    @inline(__always)
    func quotient(_ number: UInt64) -> UInt64 { (number &>> shift) &* inverse }

    /// - Parameter number: a multiple, perhaps less than zero.
    @inline(__always)
    func quotient(signed number: UInt64) -> Int64 {
        Int64(bitPattern: UInt64(bitPattern: Int64(bitPattern: number) &>> Int64(truncatingIfNeeded: shift)) &* inverse)
    }
}

/// The greatest common divisor; of 0 and a number that number.
func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
}
