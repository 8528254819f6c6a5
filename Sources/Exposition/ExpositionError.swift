/// Why a page of metrics cannot be read, and where.
public struct ExpositionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1; 0 where a page has no lines.
    public let line: Int
    /// Counted from 1, in bytes.
    public let column: Int
    /// What was expected there and what was found.
    public let reason: String
    /// Whether a sample was read well whose labels no series can have.
    public let isOfLabels: Bool

    public init(line: Int, column: Int, reason: String, isOfLabels: Bool = false) {
        self.line = line
        self.column = column
        self.reason = reason
        self.isOfLabels = isOfLabels
    }

    public var description: String { line == 0 ? reason : "line \(line), column \(column): \(reason)" }
}

/// The next few bytes of a page as they may be shown in a message: at most `bytesMax` of them, in quotes, up to the end
/// of the line.
func excerpt(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, bytesMax: Int = 40) -> String {
    if start == end { return "the end of the page" }
    if start.pointee == UInt8(ascii: "\n") { return "the end of the line" }
    let rest = UnsafeBufferPointer(start: start, count: Swift.min(end - start, bytesMax))
    let line = rest.prefix { $0 != UInt8(ascii: "\n") }
    let isCut = line.count == bytesMax && end - start > bytesMax
    return quotedText(line) + (isCut ? "…" : "")
}

/// `bytes` in double quotes, those that do not print as hexadecimal escapes.
func quotedText(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
        case 0x20..<0x7f: text.append(byte)
        default:
            let hex = String(byte, radix: 16)
            text += Array((hex.utf8.count < 2 ? "\\x0" : "\\x").utf8) + Array(hex.utf8)
        }
    }
    return "\"" + String(decoding: text, as: UTF8.self) + "\""
}
