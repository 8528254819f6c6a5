import Glibc

extension HTTPClientConfiguration.Proxy {
    /// The proxy on the way to `url`; empty for none.
    ///
    /// - Source: `golang.org/x/net/http/httpproxy`: with exceptions, or from the environment, the machine itself is
    ///   never reached by a proxy.
    func route(to url: String, _ environment: (String) -> String?) -> String {
        guard isFromEnvironment else {
            return exceptions.isEmpty || !isExcepted(url, by: exceptions) ? self.url : ""
        }
        func value(_ name: String) -> String {
            [name, name.lowercased()].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
        }
        let proxy = value(url.hasPrefix("https://") ? "HTTPS_PROXY" : "HTTP_PROXY")
        return isExcepted(url, by: value("NO_PROXY")) ? "" : proxy
    }
}

/// Whether `url` is reached without the proxy that `exceptions` are from.
private func isExcepted(_ url: String, by exceptions: String) -> Bool {
    let (name, givenPort) = WebURL.split(WebURL.hostAndPort(url))
    let host = name.lowercased()
    let port = givenPort.isEmpty ? (url.hasPrefix("https://") ? "443" : "80") : String(givenPort)
    let address = addressBytes(host)
    if host == "localhost" || address.map(isLoopback) == true { return true }
    return exceptions.split(separator: ",").contains { entry in
        let text = entry.lowercased().filter { $0 != " " && $0 != "\t" }
        return text == "*" || matches(text, host, port, address)
    }
}

/// Whether one exception means a host: a network, an address, or a domain with what is below it, each but the first with
/// or without a port.
private func matches(_ text: String, _ host: String, _ port: String, _ address: [UInt8]?) -> Bool {
    if let slash = text.firstIndex(of: "/") {
        guard let address, let network = addressBytes(String(text[..<slash])), network.count == address.count,
            let length = Int(text[text.index(after: slash)...]), (0...network.count * 8).contains(length)
        else { return false }
        return hasPrefix(address, network, bits: length)
    }
    // An IPv6 address without brackets has more than one colon.
    let isBare = text.first != "[" && text.count { $0 == ":" } > 1
    let (name, itsPort) = isBare ? (text[...], "") : WebURL.split(text[...])
    guard !name.isEmpty, itsPort.isEmpty || itsPort == port else { return false }
    if let wanted = addressBytes(String(name)) { return wanted == address }
    let domain = name.hasPrefix("*.") ? name.dropFirst() : name
    return domain.first == "." ? host.hasSuffix(domain) : host == domain || host.hasSuffix("." + domain)
}

private func hasPrefix(_ address: [UInt8], _ network: [UInt8], bits: Int) -> Bool {
    let whole = bits / 8
    guard address[..<whole] == network[..<whole] else { return false }
    return bits % 8 == 0 || (address[whole] ^ network[whole]) >> (8 - bits % 8) == 0
}

private func isLoopback(_ address: [UInt8]) -> Bool {
    address.count == 4 ? address[0] == 127 : address.dropLast().allSatisfy { $0 == 0 } && address.last == 1
}

/// The four or sixteen bytes of an IP address; nil where `text` is none. IPv4 addresses in IPv6 notation have four.
private func addressBytes(_ text: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
    guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
    return isMapped ? Array(bytes[12...]) : bytes
}
