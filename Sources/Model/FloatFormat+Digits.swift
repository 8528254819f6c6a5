import CCharconv

/// The numbers 0 … 99 as two digits each.
private let digitPairs: StaticString = """
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
    """

private let zero = UInt8(ascii: "0")

/// Writes the digits of `value`, two at a time from the last ones on; returns where they end.
@inline(__always)
func writeDigits(_ value: UInt64, to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    var count = 1
    var bound: UInt64 = 10
    // 10^19 is the largest power that fits.
    while count < 20, value >= bound {
        count &+= 1
        bound = bound &* 10
    }
    let end = text + count
    var at = end
    var rest = value
    while rest >= 100 {
        let quotient = rest / 100
        at -= 2
        writePair(rest &- 100 &* quotient, to: at)
        rest = quotient
    }
    if rest >= 10 { writePair(rest, to: text) } else { text.pointee = zero &+ UInt8(truncatingIfNeeded: rest) }
    return end
}

@inline(__always)
private func writePair(_ value: UInt64, to text: UnsafeMutablePointer<UInt8>) {
    let pair = digitPairs.utf8Start + 2 * Int(truncatingIfNeeded: value)
    text[0] = pair[0]
    text[1] = pair[1]
}

/// Writes `value`, which is no whole number, where it is a decimal with at most six places and fifteen digits; such a
/// decimal is also its shortest text. Returns nil, having written nothing, where it is not.
@inline(__always)
func writeShortDecimal(_ value: Double, to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>? {
    // 1e9 with six places has fifteen digits; below 1e-4 the formats differ.
    guard value.magnitude < 1e9, value.magnitude >= 1e-4 else { return nil }
    let scale = 1e6
    let scaled = (value.magnitude * scale).rounded()
    guard scaled / scale == value.magnitude else { return nil }
    let number = UInt64(scaled)
    let whole = number / 1_000_000
    let places = number &- whole &* 1_000_000
    var at = text
    if value < 0 {
        at.pointee = UInt8(ascii: "-")
        at += 1
    }
    at = writeDigits(whole, to: at)
    at.pointee = UInt8(ascii: ".")
    writePair(places / 10_000, to: at + 1)
    writePair(places / 100 % 100, to: at + 3)
    writePair(places % 100, to: at + 5)
    at += 6
    while at.pointee == zero { at -= 1 }
    return at + 1
}

/// Writes any double.
@inline(never)
func writeAnyFloat(
    _ value: Double, _ format: FloatFormat, to text: UnsafeMutablePointer<UInt8>
) -> UnsafeMutablePointer<UInt8> {
    if value.isNaN { return write("NaN", to: text) }
    if value.isInfinite { return write(value < 0 ? "-Inf" : "+Inf", to: text) }
    var at = text
    if value.sign == .minus {
        at.pointee = UInt8(ascii: "-")
        at += 1
    }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
        guard let digits = digits.baseAddress else { return at }
        let decimal = DecimalDigits(value.magnitude, in: digits)
        return decimal.needsExponent(format) ? decimal.writeExponential(to: at) : decimal.writePlain(to: at)
    }
}

@inline(__always)
private func write(_ word: StaticString, to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    text.update(from: word.utf8Start, count: word.utf8CodeUnitCount)
    return text + word.utf8CodeUnitCount
}

/// The shortest digits of a finite double, and where its decimal point lies: 0.d₁d₂… × 10^point.
private struct DecimalDigits {
    // SAFETY: lives within `writeAnyFloat`, whose scratch memory `digits` is.
    let digits: UnsafeMutablePointer<UInt8>
    let count: Int
    let point: Int

    /// - Parameter scratch: room for 32 bytes.
    init(_ magnitude: Double, in scratch: UnsafeMutablePointer<UInt8>) {
        digits = scratch
        let length = scratch.withMemoryRebound(to: CChar.self, capacity: 32) { cc_shortest(magnitude, $0) }
        // "d.ddde-dd": the first digit is moved over the point.
        var end = 1
        while end < length, scratch[end] != UInt8(ascii: "e") { end += 1 }
        var exponent = 0
        for at in min(end + 2, length)..<length { exponent = 10 * exponent + Int(scratch[at] &- zero) }
        if end + 1 < length, scratch[end + 1] == UInt8(ascii: "-") { exponent = -exponent }
        if end > 1 { (scratch + 1).update(from: scratch + 2, count: end - 2) }
        count = max(1, end - 1)
        point = exponent + 1
    }

    private var isZero: Bool { count == 1 && digits[0] == zero }

    func needsExponent(_ format: FloatFormat) -> Bool {
        if isZero { return false }
        return switch format {
        case .plain: false
        case .general: point - 1 < -4 || point - 1 >= 6
        case .json: point - 1 < -6 || point - 1 >= 21
        }
    }

    func writePlain(to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var at = text
        if point <= 0 {
            at = writeZeros(1, to: at)
        } else {
            let whole = min(point, count)
            at.update(from: digits, count: whole)
            at = writeZeros(point - whole, to: at + whole)
        }
        guard count > point else { return at }
        at.pointee = UInt8(ascii: ".")
        at = writeZeros(max(0, -point), to: at + 1)
        let first = max(0, point)
        at.update(from: digits + first, count: count - first)
        return at + (count - first)
    }

    private func writeZeros(_ count: Int, to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        text.update(repeating: zero, count: count)
        return text + count
    }

    func writeExponential(to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var at = text
        at.pointee = digits[0]
        at += 1
        if count > 1 {
            at.pointee = UInt8(ascii: ".")
            (at + 1).update(from: digits + 1, count: count - 1)
            at += count
        }
        let exponent = point - 1
        at[0] = UInt8(ascii: "e")
        at[1] = UInt8(ascii: exponent < 0 ? "-" : "+")
        if exponent.magnitude < 10 {
            at[2] = zero
            at += 1
        }
        return writeDigits(UInt64(exponent.magnitude), to: at + 2)
    }
}
