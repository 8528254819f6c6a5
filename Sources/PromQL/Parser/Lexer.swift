import Model

/// Cuts a query's text into tokens, one at a time as the parser asks, so that of several errors the one is reported
/// that comes first in the text.
///
/// Inside braces words are label names and nothing else; inside brackets there are only durations.
struct Lexer {
    let bytes: [UInt8]
    var position = 0
    /// Where the token being read begins.
    var start = 0
    private var parenDepth = 0
    private var braceOpen = false
    private var bracketOpen = false
    private var seenColon = false
    /// Whether in brackets only a duration may come next.
    private var expectsDuration = false

    init(_ text: String) { bytes = Array(text.utf8) }

    func text(_ range: SourceRange) -> String { String(decoding: bytes[range.start..<range.end], as: UTF8.self) }

    /// The next token; after the end of the text, always ``TokenKind/endOfInput``.
    mutating func next() throws(QueryError) -> Token {
        skipSpaceAndComments()
        start = position
        let kind = braceOpen ? try lexInBraces() : try lexStatement()
        return Token(kind: kind, range: SourceRange(start, position))
    }

    private mutating func skipSpaceAndComments() {
        while let byte = peekByte() {
            if isSpaceByte(byte) {
                position += 1
            } else if byte == UInt8(ascii: "#"), !(bracketOpen && expectsDuration) {
                while let byte = peekByte(), byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { position += 1 }
            } else {
                return
            }
        }
    }

    // MARK: Outside of braces

    private mutating func lexStatement() throws(QueryError) -> TokenKind {
        guard let byte = peekByte() else { return try lexEnd() }
        if bracketOpen, expectsDuration { try checkDurationByte(byte) }
        if isDigitByte(byte) || byte == UInt8(ascii: ".") && isDigitByte(peekByte(1) ?? 0) {
            expectsDuration = false
            return try lexNumberOrDuration()
        }
        if isAlphaByte(byte) || byte == UInt8(ascii: ":") {
            return bracketOpen ? try lexWordInBrackets() : lexWord()
        }
        if let quote = try lexAnyString(byte) { return quote }
        position += 1
        if let kind = try lexBracket(byte) { return kind }
        return try lexOperator(byte)
    }

    private func lexEnd() throws(QueryError) -> TokenKind {
        if bracketOpen, expectsDuration { throw failure("unexpected end of input in duration expression") }
        if parenDepth != 0 { throw failure("unclosed left parenthesis") }
        if bracketOpen { throw failure("unclosed left bracket") }
        return .endOfInput
    }

    /// Parentheses, braces, brackets; nil where `byte`, already passed, is none of them.
    private mutating func lexBracket(_ byte: UInt8) throws(QueryError) -> TokenKind? {
        switch byte {
        case UInt8(ascii: "("):
            parenDepth += 1
            return .leftParen
        case UInt8(ascii: ")"):
            parenDepth -= 1
            guard parenDepth >= 0 else {
                // Reported where it ends, as Prometheus does.
                start = position
                throw failure("unexpected right parenthesis ')'")
            }
            return .rightParen
        case UInt8(ascii: "{"):
            braceOpen = true
            return .leftBrace
        case UInt8(ascii: "["):
            if bracketOpen { throw failure("unexpected left bracket '['") }
            (bracketOpen, seenColon, expectsDuration) = (true, false, true)
            return .leftBracket
        case UInt8(ascii: "]"):
            if !bracketOpen { throw failure("unexpected right bracket ']'") }
            (bracketOpen, expectsDuration) = (false, false)
            return .rightBracket
        default: return nil
        }
    }

    private mutating func lexOperator(_ byte: UInt8) throws(QueryError) -> TokenKind {
        switch byte {
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: "+"): return .binary(.add)
        case UInt8(ascii: "-"): return .binary(.subtract)
        case UInt8(ascii: "*"): return .binary(.multiply)
        case UInt8(ascii: "/"): return .binary(.divide)
        case UInt8(ascii: "%"): return .binary(.modulo)
        case UInt8(ascii: "^"): return .binary(.power)
        case UInt8(ascii: "@"): return .at
        case UInt8(ascii: "<"): return .binary(take("=") ? .lessOrEqual : take("/") ? .trimUpper : .less)
        case UInt8(ascii: ">"): return .binary(take("=") ? .greaterOrEqual : take("/") ? .trimLower : .greater)
        case UInt8(ascii: "="):
            if peekByte() == UInt8(ascii: "~") { throw failure("unexpected character after '=': '~'") }
            return take("=") ? .binary(.equal) : .assign
        case UInt8(ascii: "!"):
            if take("=") { return .binary(.notEqual) }
            throw failure("unexpected character after '!': \(quotedCharacter(at: position))")
        default:
            throw failure("unexpected character: \(quotedCharacter(at: start))")
        }
    }

    /// A name or keyword.
    private mutating func lexWord() -> TokenKind {
        while let byte = peekByte(), isAlphanumericByte(byte) || byte == UInt8(ascii: ":") { position += 1 }
        let word = text(SourceRange(start, position))
        guard let kind = TokenKind.words[word.lowercased()] else {
            return word.utf8.contains(UInt8(ascii: ":")) ? .metricIdentifier : .identifier
        }
        if case .keyword(let keyword) = kind, keyword.needsParenthesis, !isBeforeParenthesis { return .identifier }
        return kind
    }

    private var isBeforeParenthesis: Bool {
        bytes[position...].first { !isSpaceByte($0) } == UInt8(ascii: "(")
    }

    // MARK: In brackets

    /// - Throws: where no duration can begin with `byte`, nor a sign or parenthesis before one.
    private func checkDurationByte(_ byte: UInt8) throws(QueryError) {
        if isDigitByte(byte) || isAlphaByte(byte) || "()+-*/%^,]:.".utf8.contains(byte) { return }
        throw failure("unexpected character in duration expression: \(quotedCharacter(at: start))")
    }

    private mutating func lexWordInBrackets() throws(QueryError) -> TokenKind {
        if take(":") {
            if seenColon { throw failure("unexpected colon ':'") }
            if expectsDuration {
                start = position
                throw failure("unexpected colon before duration in duration expression")
            }
            seenColon = true
            return .colon
        }
        while let byte = peekByte(), isAlphanumericByte(byte) { position += 1 }
        switch text(SourceRange(start, position)).lowercased() {
        case "step", "range", "min_of", "max_of":
            expectsDuration = false
            return lexWordAgain()
        default: break
        }
        let character = quotedCharacter(at: start)
        throw failure(
            expectsDuration
                ? "unexpected character in duration expression: \(character)"
                : "unexpected character: \(character), expected ':'")
    }

    /// Reads the word from `start` on as outside of brackets.
    private mutating func lexWordAgain() -> TokenKind {
        position = start
        return lexWord()
    }

    // MARK: In braces

    private mutating func lexInBraces() throws(QueryError) -> TokenKind {
        guard let byte = peekByte() else { throw failure("unexpected end of input inside braces") }
        if isAlphaByte(byte) {
            while let byte = peekByte(), isAlphanumericByte(byte) { position += 1 }
            return .identifier
        }
        if let quote = try lexAnyString(byte) { return quote }
        position += 1
        switch byte {
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: "="): return take("~") ? .regexMatch : .assign
        case UInt8(ascii: "!"):
            if take("~") { return .regexNotMatch }
            if take("=") { return .binary(.notEqual) }
            throw failure("unexpected character after '!' inside braces: \(quotedCharacter(at: position))")
        case UInt8(ascii: "}"):
            braceOpen = false
            return .rightBrace
        case UInt8(ascii: "{"): throw failure("unexpected left brace '{'")
        default: throw failure("unexpected character inside braces: \(quotedCharacter(at: start))")
        }
    }

    // MARK: Bytes

    func peekByte(_ ahead: Int = 0) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peekByte() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// An error at the token being read.
    func failure(_ message: String) -> QueryError { parseFailure(bytes, at: start, message) }
}

/// A parse error at a byte offset of a query.
func parseFailure(_ bytes: [UInt8], at offset: Int, _ message: String) -> QueryError {
    var line = 1
    var lineStart = 0
    for (index, byte) in bytes.prefix(offset).enumerated() where byte == UInt8(ascii: "\n") {
        line += 1
        // The newline itself counts as column 0 of the line it begins.
        lineStart = index + 1
    }
    return .parse("\(line):\(offset - lineStart + 1): parse error: \(message)")
}

func isSpaceByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
}

func isDigitByte(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

func isAlphaByte(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
}

func isAlphanumericByte(_ byte: UInt8) -> Bool { isAlphaByte(byte) || isDigitByte(byte) }
