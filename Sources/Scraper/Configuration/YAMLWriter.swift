import Model

/// Writes YAML in block style.
struct YAMLWriter {
    private(set) var text = ""
    private var depth = 0
    /// Whether the next key goes behind the dash of a list element.
    private var isAfterDash = false

    mutating func value(_ key: String, _ value: String) {
        startLine()
        text += "\(YAMLWriter.scalar(key)): \(YAMLWriter.scalar(value))\n"
    }

    mutating func value(_ key: String, _ value: Bool) { raw(key, value ? "true" : "false") }

    mutating func value(_ key: String, _ value: Int) { raw(key, String(value)) }

    mutating func value(_ key: String, _ value: Double) { raw(key, formatFloat(value, .general)) }

    /// Writes `key` with a list of texts, or nothing where there are none.
    mutating func list(_ key: String, _ values: [String]) {
        guard !values.isEmpty else { return }
        startLine()
        text += "\(YAMLWriter.scalar(key)):\n"
        for value in values { text += indent + "- \(YAMLWriter.scalar(value))\n" }
    }

    /// Writes `key` with what `body` writes below it.
    mutating func mapping(_ key: String, _ body: (inout YAMLWriter) -> Void) {
        startLine()
        text += "\(YAMLWriter.scalar(key)):\n"
        depth += 1
        body(&self)
        depth -= 1
    }

    /// Writes `key` with one list element for each of `elements`, or nothing where there are none.
    mutating func list<T>(_ key: String, _ elements: [T], _ body: (inout YAMLWriter, T) -> Void) {
        guard !elements.isEmpty else { return }
        startLine()
        text += "\(YAMLWriter.scalar(key)):\n"
        for element in elements {
            text += indent + "- "
            depth += 1
            isAfterDash = true
            body(&self, element)
            if isAfterDash { text += "{}\n" }
            isAfterDash = false
            depth -= 1
        }
    }

    private var indent: String { String(repeating: "  ", count: depth) }

    private mutating func raw(_ key: String, _ value: String) {
        startLine()
        text += "\(YAMLWriter.scalar(key)): \(value)\n"
    }

    private mutating func startLine() {
        if !isAfterDash { text += indent }
        isAfterDash = false
    }

    /// `text` as YAML reads it back: plain where that is safe, otherwise in double quotes.
    static func scalar(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
                || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "_./()<>+;$".utf8.contains(byte)
        }
        let first = text.utf8.first ?? 0
        let startsWithLetter = first | 0x20 >= UInt8(ascii: "a") && first | 0x20 <= UInt8(ascii: "z")
        let startsPlain = startsWithLetter || "/(<_;$".utf8.contains(first) || isDuration(text)
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        if plain, startsPlain, !words.contains(text.lowercased()) { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            // Readers refuse these where they are not escaped.
            case _ where scalar.value < 0x20 || 0x7f...0x9f ~= scalar.value:
                let hex = String(scalar.value, radix: 16)
                result += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Digits and a unit: not a number to any reader, unless the unit is an exponent's `e`.
    private static func isDuration(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return first &- UInt8(ascii: "0") < 10 && "ywdhms".utf8.contains(last)
    }
}
