import Model

/// What is made of a URL without parsing all of it.
enum WebURL {
    /// The host and port of a URL, and the user and password before them where there are any; the URL may lack a scheme.
    static func authority(_ url: String) -> Substring {
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        return url[start...].prefix { !"/?#".contains($0) }
    }

    /// The host and port of a URL.
    static func hostAndPort(_ url: String) -> Substring {
        let all = authority(url)
        return all.lastIndex(of: "@").map { all[all.index(after: $0)...] } ?? all
    }

    /// The host, without the brackets of an IPv6 address, and the port, which is empty where there is none.
    static func split(_ hostAndPort: Substring) -> (host: Substring, port: Substring) {
        if hostAndPort.first == "[", let end = hostAndPort.firstIndex(of: "]") {
            let rest = hostAndPort[hostAndPort.index(after: end)...]
            return (hostAndPort[..<end].dropFirst(), rest.first == ":" ? rest.dropFirst() : "")
        }
        guard let colon = hostAndPort.firstIndex(of: ":") else { return (hostAndPort, "") }
        return (hostAndPort[..<colon], hostAndPort[hostAndPort.index(after: colon)...])
    }

    /// The scheme, host and port of a URL, which say what server it is of.
    static func origin(_ url: String) -> [String] {
        let (host, port) = split(hostAndPort(url))
        let scheme = url.hasPrefix("https://") ? "https" : "http"
        return [scheme, host.lowercased(), port.isEmpty ? (scheme == "https" ? "443" : "80") : String(port)]
    }

    /// `text` with its scheme in lower case; nil where that is none of `schemes`, or the host or port cannot be one.
    static func checked(_ text: String, schemes: [String] = ["http", "https"]) -> String? {
        guard let mark = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<mark.lowerBound].lowercased()
        guard schemes.contains(scheme), !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else { return nil }
        let address = hostAndPort(text)
        let (host, port) = split(address)
        guard !host.isEmpty, port.isEmpty || UInt16(port) != nil else { return nil }
        // Brackets are around IPv6 addresses; what is escaped is so in two digits, and never in a host's name.
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard address.contains("[") == address.contains("]"), !host.contains("%"),
            hasWholeEscapes(parts[0].prefix { $0 != "?" }), hasWholeEscapes(parts.dropFirst().first ?? "")
        else { return nil }
        return scheme + text[mark.lowerBound...]
    }

    private static func hasWholeEscapes(_ text: Substring) -> Bool {
        text.split(separator: "%", omittingEmptySubsequences: false).dropFirst().allSatisfy { part in
            part.prefix(2).utf8.count == 2 && part.prefix(2).allSatisfy(\.isHexDigit)
        }
    }

    /// A URL that is refused, as messages show it: where the password of a malformed one ends nobody can tell.
    static func shown(_ text: String) -> String { quoted(text.contains("@") ? hidden : text) }
}

/// `url` with ``hidden`` in place of the user and password in it.
public func withoutPassword(_ url: String) -> String {
    let authority = WebURL.authority(url)
    guard let at = authority.lastIndex(of: "@") else { return url }
    return url[..<authority.startIndex] + hidden + url[at...]
}
