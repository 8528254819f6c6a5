import Model

/// The value of a string token, quotation marks included, whose escapes the lexer has checked.
func unquote(_ token: some Collection<UInt8>) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(token.count)
    guard let quote = token.first else { return "" }
    var rest = token.dropFirst().dropLast()
    if quote == UInt8(ascii: "`") { return String(decoding: rest, as: UTF8.self) }
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\\") {
            appendEscape(&rest, to: &result)
        } else {
            result.append(byte)
        }
    }
    return String(decoding: result, as: UTF8.self)
}

private let simpleEscapes: [UInt8: UInt8] = [
    UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
    UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
]

private func appendEscape<Bytes: Collection<UInt8>>(_ rest: inout Bytes, to result: inout [UInt8])
where Bytes.SubSequence == Bytes {
    guard let byte = rest.popFirst() else { return }
    func number(_ digits: Int, base: UInt64, from first: UInt64 = 0) -> UInt64 {
        var value = first
        for _ in 0..<digits {
            guard let digit = rest.popFirst().flatMap(hexDigit) else { break }
            value = value * base + digit
        }
        return value
    }
    switch byte {
    case UInt8(ascii: "x"): result.append(UInt8(truncatingIfNeeded: number(2, base: 16)))
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
        result.append(UInt8(truncatingIfNeeded: number(2, base: 8, from: UInt64(byte - UInt8(ascii: "0")))))
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
        let code = number(byte == UInt8(ascii: "u") ? 4 : 8, base: 16)
        let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: code)) ?? "\u{FFFD}"
        result.append(contentsOf: String(scalar).utf8)
    default: result.append(simpleEscapes[byte] ?? byte)
    }
}

/// Why a duration token is no duration: nil where it is one.
func durationProblem(_ text: String) -> String? {
    let units = ["y", "w", "d", "h", "m", "s", "ms"]
    var next = 0
    var rest = Substring(text)
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        let unit = rest[digits.endIndex...].prefix { !($0.isASCII && $0.isNumber) }
        guard !digits.isEmpty, !unit.isEmpty else { return "not a valid duration string: \(quoted(text))" }
        guard let index = units.firstIndex(of: String(unit)) else {
            return "unknown unit \(quoted(unit)) in duration \(quoted(text))"
        }
        guard index >= next else { return "not a valid duration string: \(quoted(text))" }
        next = index + 1
        rest = rest[unit.endIndex...]
    }
    guard let milliseconds = PrometheusDuration.parse(text), Double(milliseconds) / 1000 <= durationSecondsMax else {
        return "duration out of range"
    }
    return nil
}

/// The value of a number token, or nil and why it has none.
///
/// Whole numbers may have a base (`0x`, `0o`, `0b`, or a leading zero for octal); what is no such number is read as a
/// decimal one. Underscores may stand between digits.
///
/// - Source: Go's `strconv.ParseInt` with base 0, then `strconv.ParseFloat`, as Prometheus reads numbers.
func parseNumber(_ text: String) -> (value: Double?, problem: String) {
    if let whole = wholeNumber(text) { return (Double(whole), "") }
    switch text.lowercased() {
    case "inf": return (.infinity, "")
    case "nan": return (.nan, "")
    default: break
    }
    let isDecimal = text.utf8.allSatisfy { isDigitByte($0) || "._eE+-".utf8.contains($0) }
    guard isDecimal, underscoresSeparateDigits(text), let value = Double(text.filter { $0 != "_" }) else {
        return (nil, "invalid syntax")
    }
    return value.isInfinite ? (nil, "value out of range") : (value, "")
}

private func wholeNumber(_ text: String) -> Int64? {
    guard underscoresSeparateDigits(text) else { return nil }
    let digits = text.filter { $0 != "_" }.lowercased()
    let bases: [(String, Int)] = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)]
    for (prefix, base) in bases where digits.hasPrefix(prefix) && digits.utf8.count > prefix.utf8.count {
        return Int64(digits.dropFirst(prefix.count), radix: base)
    }
    return Int64(digits)
}

/// Whether each underscore has a digit on both sides; the prefix of a base counts as a digit.
private func underscoresSeparateDigits(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let isHexadecimal = bytes.count > 1 && bytes[0] == UInt8(ascii: "0") && bytes[1] | 0x20 == UInt8(ascii: "x")
    func isDigit(_ index: Int) -> Bool {
        guard bytes.indices.contains(index) else { return false }
        if isHexadecimal { return index < 2 || hexDigit(bytes[index]) != nil }
        return isDigitByte(bytes[index])
    }
    return bytes.indices.allSatisfy { bytes[$0] != UInt8(ascii: "_") || isDigit($0 - 1) && isDigit($0 + 1) }
}
