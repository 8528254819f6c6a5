/// Whether `name` is a metric name that needs no quotes: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
public func isLegacyMetricName(_ name: some StringProtocol) -> Bool {
    isIdentifier(name) { $0 == UInt8(ascii: ":") }
}

/// Whether `name` is a label name that needs no quotes: `[a-zA-Z_][a-zA-Z0-9_]*`.
public func isLegacyLabelName(_ name: some StringProtocol) -> Bool {
    isIdentifier(name) { _ in false }
}

/// `name` with another text in place of each character that a metric's name cannot have without quotes, and of each
/// underscore.
public func escapedName(
    _ name: String, underscore: String = "_", _ other: (Unicode.Scalar) -> String
) -> String {
    var result = ""
    for (index, scalar) in name.unicodeScalars.enumerated() {
        if scalar == "_" {
            result += underscore
        } else if isLegacyMetricName(index == 0 ? "\(scalar)" : "a\(scalar)") {
            result.unicodeScalars.append(scalar)
        } else {
            result += other(scalar)
        }
    }
    return result
}

/// `U__`, and `name` with the code of each such character between underscores.
/// - Source: Prometheus 3's values escaping (`model.EscapeName`).
public func valuesEscapedName(_ name: String) -> String {
    "U__" + escapedName(name, underscore: "__") { "_\(String($0.value, radix: 16))_" }
}

private func isIdentifier(_ name: some StringProtocol, or extra: (UInt8) -> Bool) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || extra($0) }
}

private func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
}

private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

/// `text` between double quotes, with backslash escapes as Go's `strconv.Quote` writes them.
public func quoted(_ text: some StringProtocol) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\u{7}": result += "\\a"
        case "\u{8}": result += "\\b"
        case "\t": result += "\\t"
        case "\n": result += "\\n"
        case "\u{b}": result += "\\v"
        case "\u{c}": result += "\\f"
        case "\r": result += "\\r"
        case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += "\\x" + hex(scalar, 2)
        case _ where scalar.value > 0x7f && !isPrintable(scalar):
            result += scalar.value > 0xffff ? "\\U" + hex(scalar, 8) : "\\u" + hex(scalar, 4)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

private func hex(_ scalar: Unicode.Scalar, _ digits: Int) -> String {
    let hex = String(scalar.value, radix: 16)
    return String(repeating: "0", count: max(0, digits - hex.count)) + hex
}

/// Whether a character beyond ASCII shows: Go's `unicode.IsPrint`.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
        false
    default: true
    }
}
