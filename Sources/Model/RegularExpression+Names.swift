extension RegularExpression {
    /// `pattern` with each `(?<name>` as `(?P<name>`, which is the same and which older RE2s know; nil where it has none.
    ///
    /// - Source: Go's regexp/syntax, which takes both since 1.22.
    static func withoutShortNames(_ pattern: String) -> String? {
        let bytes = Array(pattern.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            if rest.starts(with: "\\Q".utf8) {
                index = end(of: "\\E", in: bytes, from: index + 2)
            } else if rest.first == UInt8(ascii: "\\") {
                index = min(index + 2, bytes.count)
            } else if rest.first == UInt8(ascii: "[") {
                index = endOfClass(bytes, index)
            } else if rest.starts(with: "(?<".utf8), rest.count > 3 {
                result += "(?P<".utf8
                index += 3
                continue
            } else {
                index += 1
            }
            result += rest.prefix(index - rest.startIndex)
        }
        return result.count == bytes.count ? nil : String(decoding: result, as: UTF8.self)
    }

    private static func end(of text: String, in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index...].starts(with: text.utf8) { return index + text.utf8.count }
            index += 1
        }
        return bytes.count
    }

    /// Where the class that begins at `start` ends: a bracket that comes first in it is one of its characters.
    private static func endOfClass(_ bytes: [UInt8], _ start: Int) -> Int {
        var index = start + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "^") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1 }
        while index < bytes.count {
            if bytes[index...].starts(with: "[:".utf8) {
                let close = end(of: ":]", in: bytes, from: index + 2)
                index = close < bytes.count || bytes.suffix(2).elementsEqual(":]".utf8) ? close : index + 1
            } else if bytes[index] == UInt8(ascii: "\\") {
                index += 2
            } else if bytes[index] == UInt8(ascii: "]") {
                return index + 1
            } else {
                index += 1
            }
        }
        return bytes.count
    }
}
