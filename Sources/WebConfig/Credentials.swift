import Basics

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
