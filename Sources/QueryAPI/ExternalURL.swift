import Model

/// Where the server is reached from outside, such as behind a proxy: `https://example.com/prometheus`.
public struct ExternalURL: Sendable, Equatable {
    /// `https`; empty where only a path was given.
    public let scheme: String
    /// With the port where one was given.
    public let host: String
    /// Without a slash at its end; empty where there is none.
    public let path: String

    public struct SyntaxError: Error, CustomStringConvertible, Sendable {
        public let text: String
        public var description: String {
            "\(quoted(text)) is no URL such as https://example.com/prometheus, and no path such as /prometheus"
        }
    }

    /// Reads a URL, or only its path.
    public init(parsing text: String) throws(SyntaxError) {
        var rest = Substring(text)
        var scheme = ""
        if let separator = text.firstRange(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            rest = text[separator.upperBound...]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let isURL = scheme == "http" || scheme == "https"
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !text.contains { "\"'?#\\<>".contains($0) }
        guard isPlain, isURL ? slash > rest.startIndex : scheme.isEmpty && rest.hasPrefix("/") else {
            throw SyntaxError(text: text)
        }
        self.scheme = scheme
        host = String(rest[..<slash])
        path = ExternalURL.prefix(rest[slash...])
    }

    /// `path` as what comes before every path: with a slash at its beginning and none at its end; empty for `/`.
    public static func prefix(_ path: some StringProtocol) -> String {
        let inner = path.drop { $0 == "/" }
        guard let last = inner.lastIndex(where: { $0 != "/" }) else { return "" }
        return "/" + inner[...last]
    }

    /// `url` with this one's host where its own means the machine that the server runs on; nil where it does not.
    ///
    /// - Parameter ownPort: what the server listens on: a target there is the server itself, which is reached by this
    ///   URL's port.
    /// - Source: `globalURL` of Prometheus 3's API.
    func replacingLocalhost(in url: String, ownPort: Int) -> String? {
        guard !host.isEmpty, let separator = url.firstRange(of: "://") else { return nil }
        let rest = url[separator.upperBound...]
        for local in ["localhost", "127.0.0.1", "[::1]"] where rest.hasPrefix(local) {
            let after = rest.dropFirst(local.count)
            if after.hasPrefix(":\(ownPort)/") || after == ":\(ownPort)" {
                let path = after.drop { $0 != "/" }
                return "\(scheme)://\(host)\(path)"
            }
            guard after.isEmpty || after.first == ":" || after.first == "/" else { continue }
            return "\(url[..<separator.upperBound])\(hostWithoutPort)\(after)"
        }
        return nil
    }

    private var hostWithoutPort: Substring {
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return Substring(host) }
        return host[..<colon]
    }
}
