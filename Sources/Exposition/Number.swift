import Glibc
import Model

/// Powers of ten that are exact as doubles.
private let powersOfTen: InlineArray<23, Double> = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]

/// Reads a decimal number of at most fifteen digits and moves `cursor` behind it; returns nil, with `cursor` anywhere,
/// for every other notation.
///
/// Fifteen digits and a power of ten up to 22 are both exact as doubles, so that one multiplication or division rounds
/// correctly.
/// - Source: W. D. Clinger, "How to read floating point numbers accurately", 1990.
@inline(__always)
func parseShortNumber(_ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double? {
    var mantissa: UInt64 = 0
    var digitCount = 0
    var places = 0
    let isNegative = cursor < end && cursor.pointee == UInt8(ascii: "-")
    if isNegative { cursor += 1 }
    while cursor < end, cursor.pointee &- UInt8(ascii: "0") < 10 {
        mantissa = mantissa &* 10 &+ UInt64(cursor.pointee &- UInt8(ascii: "0"))
        digitCount += 1
        cursor += 1
    }
    if cursor < end, cursor.pointee == UInt8(ascii: ".") {
        cursor += 1
        let first = cursor
        while cursor < end, cursor.pointee &- UInt8(ascii: "0") < 10 {
            mantissa = mantissa &* 10 &+ UInt64(cursor.pointee &- UInt8(ascii: "0"))
            cursor += 1
        }
        places = cursor - first
        digitCount += places
    }
    guard digitCount > 0, digitCount <= 15 else { return nil }
    if cursor < end, cursor.pointee | 0x20 == UInt8(ascii: "e") {
        guard let exponent = parseExponent(&cursor, end) else { return nil }
        places -= exponent
    }
    guard places >= -22, places <= 22 else { return nil }
    var value = Double(mantissa)
    if places > 0 { value /= powersOfTen[places] } else if places < 0 { value *= powersOfTen[-places] }
    return isNegative ? -value : value
}

/// Reads an `e`, a sign and one to three digits.
private func parseExponent(_ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
    cursor += 1
    let isNegative = cursor < end && cursor.pointee == UInt8(ascii: "-")
    if isNegative || cursor < end && cursor.pointee == UInt8(ascii: "+") { cursor += 1 }
    var exponent = 0
    let first = cursor
    while cursor < end, cursor.pointee &- UInt8(ascii: "0") < 10 {
        guard cursor - first < 3 else { return nil }
        exponent = exponent * 10 + Int(cursor.pointee &- UInt8(ascii: "0"))
        cursor += 1
    }
    guard cursor > first else { return nil }
    return isNegative ? -exponent : exponent
}

/// The longest notation of a number that is read, in bytes. The smallest double written out has 1,076.
private let numberBytesMax = 1100

/// The number that all of `token` writes, or nil.
///
/// Takes what Go's `strconv.ParseFloat` takes, except underscores and hexadecimal digits, as Prometheus does; a number
/// beyond the range of doubles is refused. Every NaN becomes the ordinary one, so that none passes for a staleness
/// marker.
public func parseNumber(_ token: UnsafeBufferPointer<UInt8>) -> Double? {
    guard let start = token.baseAddress, !token.isEmpty, token.count <= numberBytesMax else { return nil }
    var cursor = start
    if let value = parseShortNumber(&cursor, start + token.count), cursor == start + token.count { return value }
    return parseLongNumber(token)
}

private func parseLongNumber(_ token: UnsafeBufferPointer<UInt8>) -> Double? {
    let hasDigit = token.contains { $0 &- UInt8(ascii: "0") < 10 }
    if !hasDigit { return parseNonFinite(token) }
    let isDecimal = token.allSatisfy {
        $0 &- UInt8(ascii: "0") < 10 || $0 | 0x20 == UInt8(ascii: "e") || $0 == UInt8(ascii: ".")
            || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
    }
    guard isDecimal else { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: token.count + 1) { copy in
        for index in 0..<token.count { copy[index] = CChar(bitPattern: token[index]) }
        copy[token.count] = 0
        guard let start = copy.baseAddress else { return nil }
        var stop: UnsafeMutablePointer<CChar>?
        let value = strtod(start, &stop)
        return stop == start + token.count && value.isFinite ? value : nil
    }
}

private func parseNonFinite(_ token: UnsafeBufferPointer<UInt8>) -> Double? {
    var word = String(decoding: token, as: UTF8.self).lowercased()
    if word == "nan" { return .ordinaryNaN }
    let isNegative = word.hasPrefix("-")
    if isNegative || word.hasPrefix("+") { word.removeFirst() }
    guard word == "inf" || word == "infinity" else { return nil }
    return isNegative ? -.infinity : .infinity
}
