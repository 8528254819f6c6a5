/// A name and a password, as a request brings them.
///
/// - Source: RFC 7617; which headers are taken is as in Go's `Request.BasicAuth`.
struct Credentials: Equatable {
    let user: String
    let password: [UInt8]

    /// nil where `header`, the value of `Authorization`, is no `Basic` with a name and a password.
    init?(_ header: String) {
        let bytes = Array(header.utf8)
        guard bytes.count <= Credentials.bytesMax, header.prefix(6).lowercased() == "basic ",
            let decoded = base64Decoded(bytes.dropFirst(6)), let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        user = String(decoding: decoded[..<colon], as: UTF8.self)
        password = Array(decoded[(colon + 1)...])
    }

    /// The longest header that is looked at.
    static let bytesMax = 8 << 10
}

/// The bytes of `text` in padded base64; nil where it is not that.
private func base64Decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    let digits = text.prefix { $0 != UInt8(ascii: "=") }
    guard text.count % 4 == 0, text.count - digits.count <= 2,
        text[digits.endIndex...].allSatisfy({ $0 == UInt8(ascii: "=") })
    else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
        guard let value = base64Value(digit) else { return nil }
        bits = bits << 6 | UInt32(value)
        count += 6
        guard count >= 8 else { continue }
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
    return bytes
}

private func base64Value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
