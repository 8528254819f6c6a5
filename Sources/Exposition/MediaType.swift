/// The value of a `Content-Type` header.
///
/// - Source: RFC 9110, section 8.3.1; faults are told as Go's `mime` tells them.
enum MediaType {
    struct Fault: Error, Equatable {
        let reason: String
    }

    /// The type in lower case, such as `text/plain`; parameters have to be well formed and are not looked at.
    static func parse(_ header: String) -> Result<String, Fault> {
        var rest = Array(header.utf8)[...]
        let type = rest.prefix { $0 != UInt8(ascii: ";") }
        rest = rest.dropFirst(type.count)
        if let reason = fault(ofType: trimmed(type)) { return .failure(Fault(reason: "mime: " + reason)) }
        var names: Set<[UInt8]> = []
        while !trimmed(rest).isEmpty {
            guard let name = takeParameter(&rest) else {
                // A semicolon may end the header.
                if trimmed(rest) == [UInt8(ascii: ";")] { break }
                return .failure(Fault(reason: "mime: invalid media parameter"))
            }
            guard names.insert(name).inserted else { return .failure(Fault(reason: "mime: duplicate parameter name")) }
        }
        return .success(String(decoding: trimmed(type), as: UTF8.self).lowercased())
    }

    private static func fault(ofType type: ArraySlice<UInt8>) -> String? {
        let first = type.prefix(while: isToken)
        if first.isEmpty { return "no media type" }
        var rest = type.dropFirst(first.count)
        if rest.isEmpty { return nil }
        if rest.first != UInt8(ascii: "/") { return "expected slash after first token" }
        let second = rest.dropFirst().prefix(while: isToken)
        if second.isEmpty { return "expected token after slash" }
        rest = rest.dropFirst(1 + second.count)
        return rest.isEmpty ? nil : "unexpected content after media subtype"
    }

    /// Takes `; name=value`, and returns the name in lower case; nil, with `rest` as it was, where there is none.
    private static func takeParameter(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var left = rest.drop(while: isBlank)
        guard left.popFirst() == UInt8(ascii: ";") else { return nil }
        left = left.drop(while: isBlank)
        let name = left.prefix(while: isToken)
        left = left.dropFirst(name.count).drop(while: isBlank)
        guard !name.isEmpty, left.popFirst() == UInt8(ascii: "=") else { return nil }
        left = left.drop(while: isBlank)
        if left.first == UInt8(ascii: "\"") {
            guard takeQuoted(&left) else { return nil }
        } else {
            let value = left.prefix(while: isToken)
            guard !value.isEmpty else { return nil }
            left = left.dropFirst(value.count)
        }
        rest = left
        return name.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 }
    }

    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { return false }
        }
        return false
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes = bytes.dropLast() }
        return bytes
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0d }

    private static func isToken(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && !"()<>@,;:\\\"/[]?=".utf8.contains(byte)
    }
}
