import Glibc

/// Where to listen: `:9400`, `127.0.0.1:9400`, `[::1]:9400`, `localhost:9400`.
struct ListenAddress: Equatable, Sendable, CustomStringConvertible {
    /// Empty means all addresses of the machine.
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Throws: `SourceError` saying which part is wrong.
    init(parsing text: String) throws(SourceError) {
        guard let colon = text.lastIndex(of: ":") else {
            throw SourceError("address \"\(text)\": expected host:port or :port, as in 127.0.0.1:9400")
        }
        let portText = text[text.index(after: colon)...]
        guard portText.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(portText), (1...65535).contains(port)
        else {
            throw SourceError("address \"\(text)\": \"\(portText)\" is no port from 1 to 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw SourceError("address \"\(text)\": an IPv6 address needs brackets, as in [::1]:9400")
        }
        self.init(host: String(host), port: port)
    }

    var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The host to bind. For all addresses it is `::`, which takes IPv4 too, unless this machine (many a container)
    /// has no IPv6.
    var bindHost: String {
        if !host.isEmpty { return host }
        return machineHasIPv6() ? "::" : "0.0.0.0"
    }
}

/// Whether `::` can be bound: some kernels know IPv6 and have it switched off, so only a bind tells.
private func machineHasIPv6() -> Bool {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
    }
}
