import Glibc
import Model

/// Where the server listens: a host and a port.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A name or an address; empty for all addresses of the machine.
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public struct SyntaxError: Error, CustomStringConvertible, Sendable {
        public let text: String
        public var description: String {
            "cannot listen on \(quoted(text)): expected host:port, :port or [IPv6 address]:port with a port up to 65535"
        }
    }

    /// Reads `:9090`, `127.0.0.1:9090`, `localhost:9090` or `[::1]:9090`.
    public init(parsing text: String) throws(SyntaxError) {
        guard let colon = text.lastIndex(of: ":") else { throw SyntaxError(text: text) }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits) else {
            throw SyntaxError(text: text)
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { throw SyntaxError(text: text) }
        } else if host.contains(":") || host.contains("[") {
            throw SyntaxError(text: text)
        }
        self.init(host: String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only programs of this machine can connect.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// The address to bind: where no host is named, every IPv6 and IPv4 address, or every IPv4 address on a machine
    /// without IPv6.
    var bindHost: String {
        if !host.isEmpty { return host }
        return canBindIPv6() ? "::" : "0.0.0.0"
    }
}

private func canBindIPv6() -> Bool {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
        }
    }
}
