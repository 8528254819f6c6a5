extension RegularExpression {
    /// `pattern` with each `(?<name>` as `(?P<name>`, which is the same and which older RE2s know; nil where it has none.
    ///
    /// - Complexity: linear in the pattern.
    /// - Source: Go's regexp/syntax, which takes both since 1.22.
    static func withoutShortNames(_ pattern: String) -> String? {
        var scanner = GroupScanner(pattern)
        var result: [UInt8] = []
        while let (part, isGroup) = scanner.next() { result += isGroup ? Array("(?P<".utf8) : Array(part) }
        return result.count == pattern.utf8.count ? nil : String(decoding: result, as: UTF8.self)
    }
}

/// Cuts a pattern into its parts, so that a group can be told from what looks like one in quotes and classes.
private struct GroupScanner {
    private let bytes: [UInt8]
    private var index = 0
    /// Where the last `:]` is: behind it no class of characters can have a name, and none is looked for.
    private let lastNameEnd: Int

    init(_ pattern: String) {
        let bytes = Array(pattern.utf8)
        lastNameEnd = bytes.indices.last { bytes[$0...].starts(with: ":]".utf8) } ?? -1
        self.bytes = bytes
    }

    /// The next part, and whether it is `(?<`; nil at the end.
    mutating func next() -> (part: ArraySlice<UInt8>, isGroup: Bool)? {
        guard index < bytes.count else { return nil }
        let start = index
        if has("(?<"), bytes.count - index > 3 {
            index += 3
            return (bytes[start..<index], true)
        }
        if has("\\Q") {
            skip(past: "\\E")
        } else if has("\\") {
            index += 2
        } else if has("[") {
            skipClass()
        } else {
            index += 1
        }
        index = min(index, bytes.count)
        return (bytes[start..<index], false)
    }

    private func has(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private mutating func skip(past text: String) {
        while index < bytes.count, !has(text) { index += 1 }
        index += text.utf8.count
    }

    /// A bracket that comes first in a class is one of its characters.
    private mutating func skipClass() {
        index += 1
        if index < bytes.count, has("^") { index += 1 }
        if index < bytes.count, has("]") { index += 1 }
        while index < bytes.count, !has("]") {
            if has("[:"), index + 2 <= lastNameEnd {
                index += 2
                skip(past: ":]")
            } else {
                index += has("\\") ? 2 : 1
            }
        }
        index += 1
    }
}
