/// `text` so that it can stand in a URL or form.
public func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        let isPlain = byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a || byte == 0x5f
        let hex = String(byte, radix: 16)
        return isPlain ? String(UnicodeScalar(byte)) : "%" + (hex.count < 2 ? "0" : "") + hex
    }.joined()
}

/// A form of these fields, or what follows a URL's `?`.
public func form(_ parameters: [(String, String)]) -> String {
    parameters.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
}
