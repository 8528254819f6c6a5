import Model

/// Why a text is not the JSON that was expected.
struct JSONError: Error, CustomStringConvertible {
    let description: String
}

/// Reads a JSON text from its beginning on, one token after the other, without building anything of it.
///
/// The bytes have to outlive the reader.
/// - Source: RFC 8259.
struct JSONReader {
    /// How deep collections may lie in one another where they are passed over.
    static let depthMax = 64

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func error(_ expected: String) -> JSONError {
        JSONError(description: "json: expected \(expected) at byte \(index)")
    }

    /// The first byte of the next token; nil at the end.
    mutating func peek() -> UInt8? {
        while index < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index]) { index += 1 }
        return index < bytes.count ? bytes[index] : nil
    }

    /// Passes over `character` where it comes next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func require(_ character: Unicode.Scalar) throws(JSONError) {
        guard take(character) else { throw error("'\(character)'") }
    }

    /// Nothing but space may follow.
    mutating func requireEnd() throws(JSONError) {
        if peek() != nil { throw error("the end") }
    }

    /// The name of the next member of an object, whose value comes next; nil behind the last one.
    /// - Parameter isFirst: true behind the object's `{`; it becomes false.
    mutating func nextName(_ isFirst: inout Bool) throws(JSONError) -> String? {
        guard try nextElement(&isFirst, end: "}") else { return nil }
        let name = try string()
        try require(":")
        return name
    }

    /// Whether another element of an array comes, or its end was passed over.
    /// - Parameter isFirst: true behind the array's `[`; it becomes false.
    mutating func nextElement(_ isFirst: inout Bool, end: Unicode.Scalar = "]") throws(JSONError) -> Bool {
        defer { isFirst = false }
        if take(end) { return false }
        if !isFirst { try require(",") }
        return true
    }

    mutating func string() throws(JSONError) -> String {
        try require("\"")
        var content: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw error("text in UTF-8 before") }
                return text
            case UInt8(ascii: "\\"): try appendEscaped(to: &content)
            case 0..<0x20: throw error("no control character in text")
            default: content.append(byte)
            }
        }
        throw error("the end of a text")
    }

    /// A number, `true`, `false` or `null`, as it is written.
    mutating func word() throws(JSONError) -> String {
        _ = peek()
        let start = index
        while index < bytes.count, isWordByte(bytes[index]) { index += 1 }
        guard index > start else { throw error("a value") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// Passes over a value.
    mutating func skip(depth: Int = 0) throws(JSONError) {
        guard depth < JSONReader.depthMax else { throw error("at most \(JSONReader.depthMax) nested collections") }
        var isFirst = true
        switch peek() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            index += 1
            while try nextName(&isFirst) != nil { try skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            index += 1
            while try nextElement(&isFirst) { try skip(depth: depth + 1) }
        default:
            let word = try word()
            guard ["true", "false", "null"].contains(word) || decimal(word) != nil else {
                throw error("a value before")
            }
        }
    }

    /// What stands behind a backslash.
    private mutating func appendEscaped(to content: inout [UInt8]) throws(JSONError) {
        guard index < bytes.count else { throw error("the end of a text") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content += Array(String(try unicode()).utf8)
        default: throw error("an escape before")
        }
    }

    /// Half a character becomes U+FFFD, as it does in Go: JavaScript writes one where it cuts a text.
    private mutating func unicode() throws(JSONError) -> Unicode.Scalar {
        let first = UInt32(try unit())
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) ?? "\u{fffd}" }
        guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        else { return "\u{fffd}" }
        let behindFirst = index
        index += 2
        let second = UInt32(try unit())
        guard (0xdc00..<0xe000).contains(second) else {
            // It is read by itself.
            index = behindFirst
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + second - 0xdc00) ?? "\u{fffd}"
    }

    private mutating func unit() throws(JSONError) -> UInt16 {
        guard index + 4 <= bytes.count else { throw error("four hexadecimal digits") }
        var value: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = hexValue(byte) else { throw error("four hexadecimal digits") }
            value = value << 4 | UInt16(digit)
        }
        index += 4
        return value
    }
}

/// What numbers and `true`, `false`, `null` are written with.
private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"),
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"):
        true
    default: false
    }
}

/// A finite number in decimal notation; nil for anything else.
func decimal(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { byte in
        byte >= 0x30 && byte <= 0x39 || byte | 0x20 == UInt8(ascii: "e") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
    }
    guard isDecimal, let value = Double(text), value.isFinite else { return nil }
    return value
}
