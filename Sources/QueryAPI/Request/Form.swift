import Model

/// The parameters of a request, those of its body before those of its URL.
struct Form: Sendable {
    private(set) var parameters: [(name: String, value: String)] = []
    /// Why a part of the form could not be read; that part is left out. The text is Go's.
    private(set) var problem: String?

    /// Adds the parameters of `text`: `name=value` pairs between `&`, percent-encoded, `+` standing for a space.
    /// - Throws: where there are more than ``Limit/formParameters``.
    mutating func add(_ text: some Sequence<UInt8>) throws(APIError) {
        for part in Array(text).split(separator: UInt8(ascii: "&")) {
            guard parameters.count < Limit.formParameters else {
                throw .badData("error parsing form values: more than \(Limit.formParameters) parameters")
            }
            do {
                try addPair(part)
            } catch {
                problem = problem ?? error.reason
            }
        }
    }

    private mutating func addPair(_ part: ArraySlice<UInt8>) throws(PercentEncodingError) {
        if part.contains(UInt8(ascii: ";")) {
            throw PercentEncodingError(reason: "invalid semicolon separator in query")
        }
        let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
        let name = try percentDecoded(part[..<equals], plusIsSpace: true)
        let value = try percentDecoded(part[equals...].dropFirst(), plusIsSpace: true)
        parameters.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }

    /// The first value of `name`; empty where there is none.
    subscript(name: String) -> String {
        parameters.first { $0.name == name }?.value ?? ""
    }

    func all(_ name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }

    /// - Throws: where a part of the form was left out.
    func requireWhole() throws(APIError) {
        if let problem { throw .badData("error parsing form values: \(problem)") }
    }
}

struct PercentEncodingError: Error {
    let reason: String
}

/// `text` with `%41` replaced by the byte 0x41.
/// - Source: RFC 3986 section 2.1; messages as Go's `net/url`.
func percentDecoded(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) throws(PercentEncodingError) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
        let byte = text[index]
        if byte == UInt8(ascii: "%") {
            guard index + 2 < text.endIndex, let high = hexValue(text[index + 1]), let low = hexValue(text[index + 2])
            else {
                let escape = String(decoding: text[index...].prefix(3), as: UTF8.self)
                throw PercentEncodingError(reason: "invalid URL escape \(quoted(escape))")
            }
            result.append(high << 4 | low)
            index += 3
        } else {
            result.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index += 1
        }
    }
    return result
}

func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
