import Model

/// How strings are escaped. Prometheus writes labels with one encoder and everything else with another.
enum JSONEscaping {
    /// Only what JSON demands: labels.
    case minimal
    /// Also `<`, `>`, `&`, U+2028 and U+2029, so that the text can stand in a web page: messages and lists of names.
    case html
}

extension [UInt8] {
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `text` between quotes.
    mutating func appendJSONString(_ text: String, _ escaping: JSONEscaping = .html) {
        var text = text
        text.withUTF8 { appendJSONString($0, escaping) }
    }

    /// Appends bytes of UTF-8 between quotes. Bytes that are no UTF-8 become U+FFFD.
    mutating func appendJSONString(_ bytes: UnsafeBufferPointer<UInt8>, _ escaping: JSONEscaping) {
        append(UInt8(ascii: "\""))
        if bytes.allSatisfy({ isPlain($0, escaping) }) {
            append(contentsOf: bytes)
        } else {
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars { appendEscaped(scalar, escaping) }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ scalar: Unicode.Scalar, _ escaping: JSONEscaping) {
        switch scalar {
        case "\"": append("\\\"")
        case "\\": append("\\\\")
        case "\n": append("\\n")
        case "\r": append("\\r")
        case "\t": append("\\t")
        case "<", ">", "&", "\u{2028}", "\u{2029}":
            if escaping == .html { appendUnicodeEscape(scalar.value) } else { append(contentsOf: String(scalar).utf8) }
        case _ where scalar.value < 0x20: appendUnicodeEscape(scalar.value)
        default: append(contentsOf: String(scalar).utf8)
        }
    }

    private mutating func appendUnicodeEscape(_ value: UInt32) {
        append("\\u")
        for shift in [12, 8, 4, 0] as [UInt32] { append(hexDigit(UInt8(truncatingIfNeeded: value >> shift & 15))) }
    }

    /// Appends labels as an object.
    mutating func appendJSONLabels(_ labels: Labels) {
        var isFirst = true
        append(UInt8(ascii: "{"))
        labels.forEachBytes { name, value in
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            appendJSONString(name, .minimal)
            append(UInt8(ascii: ":"))
            appendJSONString(value, .minimal)
        }
        append(UInt8(ascii: "}"))
    }

    /// Appends milliseconds as seconds: a whole number, or one with exactly three places.
    mutating func appendTimestamp(_ milliseconds: Int64) {
        let magnitude = milliseconds.magnitude
        if milliseconds < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(Int64(magnitude / 1000))
        let rest = UInt16(magnitude % 1000)
        guard rest != 0 else { return }
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(rest / 100))
        append(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
        append(UInt8(ascii: "0") + UInt8(rest % 10))
    }

    /// Appends a sample: `[seconds,"value"]`.
    @inline(__always)
    mutating func appendPoint(_ milliseconds: Int64, _ value: Double) {
        append(UInt8(ascii: "["))
        appendTimestamp(milliseconds)
        append(UInt8(ascii: ","))
        append(UInt8(ascii: "\""))
        appendFloat(value, .json)
        append(UInt8(ascii: "\""))
        append(UInt8(ascii: "]"))
    }

    /// Appends elements between brackets, with commas.
    mutating func appendJSONArray<Item>(_ elements: some Sequence<Item>, _ body: (inout [UInt8], Item) -> Void) {
        append(UInt8(ascii: "["))
        var isFirst = true
        for element in elements {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            body(&self, element)
        }
        append(UInt8(ascii: "]"))
    }

    /// Appends an object whose values are strings, in the order given.
    mutating func appendJSONObject(_ pairs: some Sequence<(String, String)>) {
        append(UInt8(ascii: "{"))
        var isFirst = true
        for (name, value) in pairs {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            appendJSONString(name)
            append(UInt8(ascii: ":"))
            appendJSONString(value)
        }
        append(UInt8(ascii: "}"))
    }
}

@inline(__always)
private func isPlain(_ byte: UInt8, _ escaping: JSONEscaping) -> Bool {
    guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return false }
    return escaping == .minimal || byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "&")
}

func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
