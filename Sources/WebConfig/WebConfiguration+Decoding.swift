import HTTPTypes
import Basics
import NIOSSL
import YAML

/// The headers that may be set, each with the values that it may have; any where none are named.
private let settableHeaders: [String: [String]] = [
    "Strict-Transport-Security": [], "X-Content-Type-Options": ["nosniff"], "X-Frame-Options": ["deny", "sameorigin"],
    "X-XSS-Protection": [], "Content-Security-Policy": [],
]

extension WebConfiguration {
    mutating func decode(_ root: YAMLNode, folder: String, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(root, "the web configuration", diagnostics) else { return }
        if let node = section.node("tls_server_config") { tls = TLS.decode(node, folder, diagnostics) }
        if let node = section.node("http_server_config") { decodeHTTP(node, diagnostics) }
        if let node = section.node("rate_limit") { rateLimit = RateLimit.decode(node, diagnostics) }
        for entry in section.pairs("basic_auth_users") ?? [] { decodeUser(entry, section) }
        section.finish()
    }

    private mutating func decodeHTTP(_ node: YAMLNode, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(node, "http_server_config", diagnostics) else { return }
        // HTTP/1.1 is spoken either way, which every client of HTTP/2 falls back to.
        _ = section.bool("http2")
        for entry in section.pairs("headers") ?? [] { decodeHeader(entry, section) }
        section.finish()
    }

    private mutating func decodeHeader(_ entry: YAMLEntry, _ section: MappingDecoder) {
        guard let allowed = settableHeaders[entry.key], let name = HTTPField.Name(entry.key) else {
            let names = settableHeaders.keys.sorted().joined(separator: ", ")
            section.diagnostics.report(
                entry.keyMark, "HTTP header \(quoted(entry.key)) can not be configured; expected one of \(names)")
            return
        }
        guard let value = section.scalar(entry.value, entry.key, "text") else { return }
        if !allowed.isEmpty, !allowed.contains(value) {
            section.diagnostics.report(
                entry.value.mark,
                "expected \(allowed.joined(separator: " or ")) for \(entry.key), found \(quoted(value))")
        }
        if !HTTPField.isValidValue(value) {
            section.diagnostics.report(entry.value.mark, "expected text that can stand in an HTTP header")
        }
        if !value.isEmpty { headers.append((name, value)) }
    }

    private mutating func decodeUser(_ entry: YAMLEntry, _ section: MappingDecoder) {
        guard let text = section.scalar(entry.value, entry.key, "a bcrypt hash") else { return }
        guard let hash = BcryptHash(text) else {
            // The text may be a password: it must not get into a log.
            section.diagnostics.report(
                entry.value.mark,
                "expected a bcrypt hash such as `htpasswd -nBC 10 \(entry.key)` prints for \(quoted(entry.key))")
            return
        }
        users[entry.key] = hash
    }
}

extension RateLimit {
    /// nil where requests are not limited.
    fileprivate static func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) -> RateLimit? {
        guard var section = MappingDecoder(node, "rate_limit", diagnostics) else { return nil }
        let text = section.string("interval") ?? "0"
        let burst = section.count("burst") ?? 0
        section.finish()
        guard let interval = goDuration(text) else {
            diagnostics.report(
                section.place("interval"),
                "expected a duration such as 1s or 250ms for interval, found \(quoted(text))")
            return nil
        }
        if interval == 0 { return nil }
        if burst == 0 {
            diagnostics.report(
                section.place("burst"), "expected a burst of at least 1, as no request is answered with 0")
        }
        return RateLimit(intervalNs: interval, burst: UInt64(burst))
    }
}

extension WebConfiguration.TLS {
    fileprivate static func decode(
        _ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics
    ) -> WebConfiguration.TLS? {
        guard var section = MappingDecoder(node, "tls_server_config", diagnostics) else { return nil }
        var tls = WebConfiguration.TLS()
        let certificate = section.text("cert", folder)
        let key = section.text("key", folder)
        tls.clientAuthority = section.text("client_ca", folder)
        let policy = section.string("client_auth_type") ?? ""
        if certificate == nil, key == nil, tls.clientAuthority == nil, policy.isEmpty {
            // Nothing of these means no TLS, as it does for Prometheus, whatever else the section says.
            tls.decodeDetails(&section)
            return nil
        }
        if certificate == nil { diagnostics.report(node.mark, "missing one of cert or cert_file in tls_server_config") }
        if key == nil { diagnostics.report(node.mark, "missing one of key or key_file in tls_server_config") }
        tls.certificate = certificate ?? .empty
        tls.key = key ?? .empty
        tls.decodePolicy(policy, &section)
        tls.decodeDetails(&section)
        return tls
    }

    private mutating func decodePolicy(_ name: String, _ section: inout MappingDecoder) {
        // Two of the names are of earlier releases.
        let renamed = ["": "NoClientCert", "RequireClientCert": "RequireAnyClientCert"][name] ?? name
        if let policy = WebConfiguration.ClientPolicy(rawValue: renamed) {
            clientPolicy = policy
        } else {
            let names = WebConfiguration.ClientPolicy.allCases.map(\.rawValue).joined(separator: ", ")
            section.diagnostics.report(
                section.place("client_auth_type"),
                "expected one of \(names) for client_auth_type, found \(quoted(name))")
        }
        if clientAuthority != nil, clientPolicy == .none {
            section.diagnostics.report(
                section.mark, "a client CA is configured without a client_auth_type that asks for certificates")
        }
    }

    private mutating func decodeDetails(_ section: inout MappingDecoder) {
        clientNames = section.strings("client_allowed_sans")
        if clientNames != nil, clientPolicy != .requireAny, clientPolicy != .requireAndVerify {
            section.diagnostics.report(
                section.keyPlace("client_allowed_sans"),
                "client_allowed_sans requires client_auth_type to be RequireAnyClientCert or RequireAndVerifyClientCert"
            )
        }
        minVersion = section.named("min_version", tlsVersions) ?? .tlsv12
        maxVersion = section.named("max_version", tlsVersions) ?? .tlsv13
        if order(minVersion) > order(maxVersion) {
            section.diagnostics.report(section.place("min_version"), "min_version is above max_version")
        }
        ciphers = section.allNamed("cipher_suites", cipherSuites)
        curves = section.allNamed("curve_preferences", curveNames)
        // The server's order is always the one that counts, which is the default.
        _ = section.bool("prefer_server_cipher_suites")
        section.finish()
    }
}

private func order(_ version: TLSVersion) -> Int { tlsVersions.firstIndex { $0.value == version } ?? 0 }

extension MappingDecoder {
    /// What `key` or `key`_file gives; nil where neither is there.
    fileprivate mutating func text(_ key: String, _ folder: String) -> WebConfiguration.Text? {
        let inline = string(key) ?? ""
        let file = string(key + "_file") ?? ""
        if !inline.isEmpty, !file.isEmpty {
            diagnostics.report(keyPlace(key), "at most one of \(key) and \(key)_file must be configured")
        }
        if !file.isEmpty { return .file(resolved(file, folder)) }
        return inline.isEmpty ? nil : .inline(inline)
    }

    fileprivate mutating func named<Value>(_ key: String, _ table: [(name: String, value: Value)]) -> Value? {
        node(key).flatMap { value($0, key, table) }
    }

    fileprivate mutating func allNamed<Value>(_ key: String, _ table: [(name: String, value: Value)]) -> [Value] {
        (list(key) ?? []).compactMap { value($0, key, table) }
    }

    private func value<Value>(_ node: YAMLNode, _ key: String, _ table: [(name: String, value: Value)]) -> Value? {
        guard let text = scalar(node, key, "a name") else { return nil }
        if let entry = table.first(where: { $0.name == text }) { return entry.value }
        let names = table.map(\.name).joined(separator: ", ")
        diagnostics.report(node.mark, "expected one of \(names) for \(key), found \(quoted(text))")
        return nil
    }
}
