import Model

extension Lexer {
    /// A number, or a duration such as `1h30m`. What is found is not yet known to be valid, only to end where a number
    /// or duration must end.
    mutating func lexNumberOrDuration() throws(QueryError) -> TokenKind {
        if scanNumber() { return .number }
        if scanDurationRest() { return .duration }
        throw failure("bad number or duration syntax: \(quoted(text(SourceRange(start, position))))")
    }

    /// Passes digits, points, underscores and exponents in any order that could be a number's, and tells whether they
    /// end there. Where not, `position` is where it became clear.
    private mutating func scanNumber() -> Bool {
        let isHexadecimal = take("0") && takeAny(of: "xX")
        if isHexadecimal { _ = take("_") }
        let digits = isHexadecimal ? "0123456789abcdefABCDEF" : "0123456789"
        _ = take(".")
        _ = takeAny(of: digits)
        var (seenPoint, seenExponent) = (false, false)
        while let byte = peekByte() {
            switch byte {
            case UInt8(ascii: "."):
                position += 1
                if seenPoint || takeAny(of: "_.") || isHexadecimal { return false }
                seenPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
                if seenExponent {
                    // It is a digit too.
                    if isHexadecimal { continue }
                    return false
                }
                _ = takeAny(of: "+-")
                if takeAny(of: "._eE") || peekByte() == nil { return false }
                seenExponent = true
            case UInt8(ascii: "_"):
                position += 1
                if takeAny(of: "._eE") || peekByte() == nil { return false }
            case _ where digits.utf8.contains(byte):
                position += 1
            default:
                return !isAlphanumericByte(byte)
            }
        }
        return true
    }

    /// Passes the unit after a first number and any further numbers with units.
    private mutating func scanDurationRest() -> Bool {
        guard takeAny(of: "smhdwy") else { return false }
        _ = take("s")
        while takeAny(of: "0123456789") {
            while takeAny(of: "0123456789") {}
            guard takeAny(of: "smhdw") else { return false }
            _ = take("s")
        }
        guard let byte = peekByte(), isAlphanumericByte(byte) else { return true }
        position += 1
        return false
    }

    private mutating func takeAny(of characters: String) -> Bool {
        guard let byte = peekByte(), characters.utf8.contains(byte) else { return false }
        position += 1
        return true
    }

    // MARK: Strings

    /// A string where `byte` is a quotation mark; otherwise nil, with nothing passed.
    mutating func lexAnyString(_ byte: UInt8) throws(QueryError) -> TokenKind? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): try lexString(quote: byte)
        case UInt8(ascii: "`"): try lexRawString()
        default: return nil
        }
        return .string
    }

    private mutating func lexRawString() throws(QueryError) {
        position += 1
        while let byte = peekByte() {
            if isReplacementCharacter { throw failure("invalid UTF-8 rune") }
            position += 1
            if byte == UInt8(ascii: "`") { return }
        }
        throw failure("unterminated raw string")
    }

    private mutating func lexString(quote: UInt8) throws(QueryError) {
        position += 1
        while let byte = peekByte(), byte != UInt8(ascii: "\n") {
            if isReplacementCharacter { throw failure("invalid UTF-8 rune") }
            position += 1
            if byte == quote { return }
            if byte == UInt8(ascii: "\\") { try lexEscape(quote: quote) }
        }
        throw failure("unterminated quoted string")
    }

    /// What follows a backslash.
    private mutating func lexEscape(quote: UInt8) throws(QueryError) {
        guard let byte = peekByte() else { throw failure("escape sequence not terminated") }
        if byte == quote || "abfnrtv\\".utf8.contains(byte) {
            position += 1
            return
        }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "7"): try lexEscapedNumber(digits: 3, base: 8, max: 255)
        case UInt8(ascii: "x"): try lexEscapedNumber(prefix: 1, digits: 2, base: 16, max: 255)
        case UInt8(ascii: "u"): try lexEscapedNumber(prefix: 1, digits: 4, base: 16, max: 0x10FFFF)
        case UInt8(ascii: "U"): try lexEscapedNumber(prefix: 1, digits: 8, base: 16, max: 0x10FFFF)
        default: throw failure("unknown escape sequence \(namedCharacter(at: position))")
        }
    }

    private mutating func lexEscapedNumber(
        prefix: Int = 0, digits: Int, base: UInt64, max: UInt64
    ) throws(QueryError) {
        position += prefix
        var value: UInt64 = 0
        for _ in 0..<digits {
            guard let byte = peekByte() else { throw failure("escape sequence not terminated") }
            guard let digit = hexDigit(byte), digit < base else {
                throw failure("illegal character \(namedCharacter(at: position)) in escape sequence")
            }
            value = value * base + digit
            position += 1
        }
        if value > max || (0xD800..<0xE000).contains(value) {
            throw failure("escape sequence is an invalid Unicode code point")
        }
    }

    /// Bytes that are not UTF-8 have become this character on their way here.
    private var isReplacementCharacter: Bool {
        peekByte() == 0xEF && peekByte(1) == 0xBF && peekByte(2) == 0xBD
    }

    // MARK: Characters in messages

    private func scalar(at offset: Int) -> Unicode.Scalar? {
        guard offset < bytes.count else { return nil }
        return String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
    }

    /// The character at `offset` between single quotes.
    func quotedCharacter(at offset: Int) -> String {
        guard let scalar = scalar(at: offset) else { return "'\u{FFFD}'" }
        switch scalar {
        case "'": return "'\\''"
        case "\"": return "'\"'"
        // By scalars, as a combining character is one with a quotation mark before it.
        default: return "'" + String(quoted(String(scalar)).unicodeScalars.dropFirst().dropLast()) + "'"
        }
    }

    /// The character at `offset` as its code point and itself.
    private func namedCharacter(at offset: Int) -> String {
        guard let scalar = scalar(at: offset) else { return "end of input" }
        let hex = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: Swift.max(0, 4 - hex.count)) + hex
        return scalar.value < 0x20 || scalar.value == 0x7F ? code : "\(code) '\(scalar)'"
    }
}

/// The value of a hexadecimal digit of either case.
func hexDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
}
