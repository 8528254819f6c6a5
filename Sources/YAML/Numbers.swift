/// The words for true and false.
/// - Source: YAML 1.1, as Prometheus reads it.
let truthValues: [String: Bool] = Dictionary(
    uniqueKeysWithValues: ["y", "yes", "true", "on"].flatMap { spellings($0, true) }
        + ["n", "no", "false", "off"].flatMap { spellings($0, false) })

/// A word in lower case, with a capital, and in capitals alone.
private func spellings(_ word: String, _ value: Bool) -> [(String, Bool)] {
    let capital = word.prefix(1).uppercased() + word.dropFirst()
    return Set([word, capital, word.uppercased()]).map { ($0, value) }
}

/// A whole number in one of YAML's notations: `10`, `1_000`, `0x10`, `0b11`, `0o17`, `017`, `1e3`, `5.0`; nil where `text`
/// is none, or is negative.
/// - Source: YAML 1.1, as Prometheus reads it.
func parseWholeNumber(_ text: String) -> UInt64? {
    guard let first = text.first, first.isASCII, first.isNumber || "+-.".contains(first) else { return nil }
    let plain = text.filter { $0 != "_" }
    let isNegative = plain.first == "-"
    let digits = "+-".contains(plain.first ?? "_") ? plain.dropFirst() : plain[...]
    let radices = ["0x": 16, "0b": 2, "0o": 8]
    let number: UInt64? =
        if let radix = radices[digits.prefix(2).lowercased()] {
            unsigned(digits.dropFirst(2), radix)
        } else if digits.first == "0", let octal = unsigned(digits, 8) {
            octal
        } else {
            unsigned(digits, 10) ?? parseDecimal(plain).flatMap { UInt64(exactly: $0) }
        }
    return isNegative && number != 0 ? nil : number
}

private func unsigned(_ digits: Substring, _ radix: Int) -> UInt64? {
    digits.utf8.first.map { $0 == 0x2b || $0 == 0x2d } == false ? UInt64(digits, radix: radix) : nil
}

/// A number in decimal notation; nil where `text` is none.
func parseDecimal(_ text: String) -> Double? {
    text.utf8.allSatisfy { $0 &- 0x30 < 10 || ".eE+-".utf8.contains($0) } ? Double(text) : nil
}

/// Bytes of numbers with Prometheus's units, all powers of 1024, such as 512KB, 1.5GiB or 1GB512MB; nil where `text` is none.
package func parseByteSize(_ text: String) -> Int? {
    if text == "0" { return 0 }
    var rest = text.first == "+" ? text.dropFirst() : text[...]
    var bytes = 0.0
    repeat {
        let digits = String(rest.prefix { $0.isASCII && $0.isNumber || $0 == "." })
        rest = rest.dropFirst(digits.count)
        let unit = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(unit.count)
        guard let number = parseDecimal(digits), let shift = shift(of: unit) else { return nil }
        bytes += number * Double(1 << shift)
    } while !rest.isEmpty
    return bytes < 0x1p63 ? Int(bytes) : bytes == 0x1p63 ? .max : nil
}

/// By how many bits a unit shifts; nil where `unit` is none.
private func shift(of unit: Substring) -> Int? {
    if unit == "B" { return 0 }
    guard unit.dropFirst() == "B" || unit.dropFirst() == "iB", let letter = unit.first else { return nil }
    return Array("KMGTPE").firstIndex(of: letter).map { 10 * ($0 + 1) }
}
