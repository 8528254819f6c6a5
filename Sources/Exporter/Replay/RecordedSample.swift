/// One line of the text format: `name{label="value",…} number`.
///
/// The server's parser is not used: the exporter depends on none of the server's modules, so that its binary stays small.
struct RecordedSample {
    let name: String
    let labels: [String: String]
    let value: MetricValue

    /// - Throws: `SourceError` saying what is wrong with the line.
    init(_ line: Substring) throws(SourceError) {
        var rest = line.utf8[...]
        name = String(decoding: rest.take { Self.isNameByte($0) }, as: UTF8.self)
        guard !name.isEmpty else {
            throw SourceError("expected a metric's name, found \"\(line.prefix(40))\"")
        }
        labels = try Self.labels(&rest)
        let text = String(decoding: rest, as: UTF8.self)[...].trimmed
        // A time stamp may follow.
        let number = text.prefix { $0 != " " && $0 != "\t" }
        if let whole = Int64(number) {
            value = .whole(whole)
        } else if let real = Double(number) {
            value = .real(real)
        } else {
            throw SourceError("expected a number after \(name), found \"\(text.prefix(40))\"")
        }
    }

    private static func labels(_ rest: inout Substring.UTF8View.SubSequence) throws(SourceError) -> [String: String] {
        guard rest.first == UInt8(ascii: "{") else { return [:] }
        rest.removeFirst()
        var labels: [String: String] = [:]
        while let next = rest.first, next != UInt8(ascii: "}") {
            let name = String(decoding: rest.take { Self.isNameByte($0) }, as: UTF8.self)
            guard !name.isEmpty, rest.starts(with: "=\"".utf8) else {
                throw SourceError("expected label=\"value\" after \"\(name)\"")
            }
            rest.removeFirst(2)
            labels[name] = try quoted(&rest, of: name)
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
        }
        guard rest.first == UInt8(ascii: "}") else { throw SourceError("the labels do not end with a }") }
        rest.removeFirst()
        return labels
    }

    private static func quoted(
        _ rest: inout Substring.UTF8View.SubSequence, of name: String
    ) throws(SourceError) -> String {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { break }
                bytes.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
            default: bytes.append(byte)
            }
        }
        throw SourceError("the value of the label \(name) does not end with a quote")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}

extension Substring.UTF8View.SubSequence {
    /// Takes the bytes for which the condition holds from the beginning.
    fileprivate mutating func take(while condition: (UInt8) -> Bool) -> Substring.UTF8View.SubSequence {
        let taken = prefix(while: condition)
        self = self[taken.endIndex...]
        return taken
    }
}
