import CRE2

/// A regular expression in RE2's syntax, anchored at both ends, with `.` matching newlines: Prometheus's regular
/// expressions. Matching takes time linear in the text, so that no expression can hang the server.
///
/// - Source: https://github.com/google/re2/wiki/Syntax; the anchoring and flags are Prometheus 3's.
public final class RegularExpression: @unchecked Sendable {
    // SAFETY: RE2 objects may be matched with from several threads at once; the pointer is owned by this object, set
    // once in `init` and freed in `deinit`.
    private let compiled: OpaquePointer
    /// The expression as it was written, without anchors.
    public let pattern: String
    /// Capturing groups, the whole match not counted.
    public let groupCount: Int

    /// The longest pattern accepted, in bytes.
    public static let patternBytesMax = 1 << 20

    public struct SyntaxError: Error, CustomStringConvertible, Sendable {
        public let pattern: String
        public let reason: String
        public var description: String { "error parsing regexp: \(reason): `\(pattern)`" }
    }

    /// - Throws: ``SyntaxError`` where RE2 cannot compile the pattern.
    public init(_ pattern: String) throws(SyntaxError) {
        guard pattern.utf8.count <= RegularExpression.patternBytesMax else {
            throw SyntaxError(pattern: String(pattern.prefix(40)) + "…", reason: "expression too large")
        }
        var reason = [CChar](repeating: 0, count: 256)
        let renamed = pattern.utf8.contains(UInt8(ascii: "<")) ? RegularExpression.withoutShortNames(pattern) : nil
        var text = renamed ?? pattern
        let compiled = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cre2_compile($0.baseAddress, $0.count, &reason, reason.count) }
        }
        guard let compiled else {
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            throw SyntaxError(
                pattern: pattern,
                reason: renamed == nil ? text : text.replacing("(?P<", with: "(?<", maxReplacements: 1))
        }
        self.compiled = compiled
        self.pattern = pattern
        groupCount = Int(cre2_group_count(compiled))
    }

    deinit { cre2_free(compiled) }

    /// Whether the expression matches all of `text`.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches($0) }
    }

    /// Whether the expression matches all of `text`.
    public func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.withMemoryRebound(to: CChar.self) { cre2_full_match(compiled, $0.baseAddress, $0.count) }
    }

    /// `template` with `$1`, `${1}`, `$name` and `${name}` replaced by the groups of a match of all of `text`, and `$$`
    /// by a dollar sign; nil where the expression does not match. A group that does not exist or took no part is empty.
    ///
    /// - Source: Go's `regexp.Expand`, which Prometheus's `label_replace` and relabelling use.
    public func expand(_ template: String, matching text: String) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            var spans = [Int64](repeating: -1, count: 2 * (groupCount + 1))
            let matched = bytes.withMemoryRebound(to: CChar.self) {
                cre2_full_match_groups(compiled, $0.baseAddress, $0.count, &spans, Int32(groupCount + 1))
            }
            guard matched else { return nil }
            return expandTemplate(template) { name in
                let index = Int(name) ?? groupIndex(name)
                guard index >= 0, index <= groupCount, spans[2 * index] >= 0 else { return "" }
                return String(decoding: bytes[Int(spans[2 * index])..<Int(spans[2 * index + 1])], as: UTF8.self)
            }
        }
    }

    private func groupIndex(_ name: String) -> Int {
        var name = name
        return name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { Int(cre2_group_index(compiled, $0.baseAddress, $0.count)) }
        }
    }
}

/// Replaces the references of Go's template notation in `template` by what `group` gives for their names.
private func expandTemplate(_ template: String, group: (String) -> String) -> String {
    var result = ""
    var rest = Substring(template)
    while let dollar = rest.firstIndex(of: "$") {
        result += rest[..<dollar]
        rest = rest[rest.index(after: dollar)...]
        if rest.first == "$" {
            result += "$"
            rest = rest.dropFirst()
        } else if rest.first == "{" {
            guard let close = rest.firstIndex(of: "}"), close > rest.index(after: rest.startIndex) else {
                result += "$"
                continue
            }
            result += group(String(rest[rest.index(after: rest.startIndex)..<close]))
            rest = rest[rest.index(after: close)...]
        } else {
            let name = rest.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
            rest = rest[name.endIndex...]
            result += name.isEmpty ? "$" : group(String(name))
        }
    }
    return result + rest
}
