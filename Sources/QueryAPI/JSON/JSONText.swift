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
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pointBytesMax) { text in
            guard let start = text.baseAddress else { return }
            append(
                contentsOf: UnsafeBufferPointer(start: start, count: writeTimestamp(milliseconds, to: start) - start))
        }
    }

    /// Appends a sample: `[seconds,"value"]`.
    mutating func appendPoint(_ milliseconds: Int64, _ value: Double) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pointBytesMax) { text in
            guard let start = text.baseAddress else { return }
            append(
                contentsOf: UnsafeBufferPointer(start: start, count: writePoint(milliseconds, value, to: start) - start)
            )
        }
    }

    /// Appends samples, with commas between them.
    ///
    /// - Parameter count: at most ``pointsAtOnce``.
    mutating func appendPoints(_ timestamps: UnsafePointer<Int64>, _ values: UnsafePointer<Double>, _ count: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pointsAtOnce * pointBytesMax) { text in
            guard let start = text.baseAddress else { return }
            var at = start
            for index in 0..<count {
                if index > 0 {
                    at.pointee = UInt8(ascii: ",")
                    at += 1
                }
                at = writePoint(timestamps[index], values[index], to: at)
            }
            append(contentsOf: UnsafeBufferPointer(start: start, count: at - start))
        }
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

/// A sample's text, with a comma, is no longer: 21 bytes of time, the value, and six of what stands around them.
private let pointBytesMax = 32 + FloatFormat.jsonBytesMax
/// So many samples are written to the stack, 4 KiB, before they are appended.
let pointsAtOnce = 64

@inline(__always)
private func writePoint(
    _ milliseconds: Int64, _ value: Double, to text: UnsafeMutablePointer<UInt8>
) -> UnsafeMutablePointer<UInt8> {
    text.pointee = UInt8(ascii: "[")
    var at = writeTimestamp(milliseconds, to: text + 1)
    at[0] = UInt8(ascii: ",")
    at[1] = UInt8(ascii: "\"")
    at = writeFloat(value, .json, to: at + 2)
    at[0] = UInt8(ascii: "\"")
    at[1] = UInt8(ascii: "]")
    return at + 2
}

@inline(__always)
private func writeTimestamp(
    _ milliseconds: Int64, to text: UnsafeMutablePointer<UInt8>
) -> UnsafeMutablePointer<UInt8> {
    let magnitude = milliseconds.magnitude
    let seconds = magnitude / 1000
    let rest = UInt16(truncatingIfNeeded: magnitude &- 1000 &* seconds)
    var at = text
    if milliseconds < 0 {
        at.pointee = UInt8(ascii: "-")
        at += 1
    }
    at = writeDecimal(Int64(seconds), to: at)
    guard rest != 0 else { return at }
    at[0] = UInt8(ascii: ".")
    at[1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / 100)
    at[2] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / 10 % 10)
    at[3] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
    return at + 4
}

@inline(__always)
private func isPlain(_ byte: UInt8, _ escaping: JSONEscaping) -> Bool {
    guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return false }
    return escaping == .minimal || byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "&")
}

func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
