import Model
import YAML

extension HTTPClientConfiguration {
    static func decodeTLS(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> TLS {
        guard var section = MappingDecoder(node, "tls_config", diagnostics) else { return TLS() }
        var tls = TLS()
        tls.caFile = resolved(section.string("ca_file") ?? "", folder)
        tls.certFile = resolved(section.string("cert_file") ?? "", folder)
        tls.keyFile = resolved(section.string("key_file") ?? "", folder)
        tls.ca = section.string("ca") ?? ""
        tls.cert = section.string("cert") ?? ""
        tls.key = section.string("key") ?? ""
        for (key, text, file) in [
            ("ca", tls.ca, tls.caFile), ("cert", tls.cert, tls.certFile), ("key", tls.key, tls.keyFile),
        ] where !text.isEmpty && !file.isEmpty {
            diagnostics.report(section.keyPlace(key), "at most one of \(key) and \(key)_file must be configured")
        }
        let hasCertificate = !tls.cert.isEmpty || !tls.certFile.isEmpty
        if hasCertificate != (!tls.key.isEmpty || !tls.keyFile.isEmpty) {
            diagnostics.report(
                section.mark,
                hasCertificate
                    ? "exactly one of key or key_file must be configured when a client certificate is configured"
                    : "exactly one of cert or cert_file must be configured when a client key is configured")
        }
        tls.serverName = section.string("server_name") ?? ""
        if tls.serverName.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f || "/?#@:\\".utf8.contains($0) }) {
            diagnostics.report(
                section.place("server_name"), "expected a host name for server_name, found \(quoted(tls.serverName))")
        }
        tls.minVersion = tlsVersion(&section, "min_version")
        tls.maxVersion = tlsVersion(&section, "max_version")
        if let least = tls.minVersion, let most = tls.maxVersion, byteOrder(most.rawValue, least.rawValue) {
            diagnostics.report(
                section.place("max_version"), "tls_config.max_version must be greater than or equal to min_version")
        }
        tls.insecureSkipVerify = section.bool("insecure_skip_verify") ?? false
        section.finish()
        return tls
    }

    private static func tlsVersion(_ section: inout MappingDecoder, _ key: String) -> TLS.Version? {
        guard let text = section.string(key) else { return nil }
        if let version = TLS.Version(rawValue: text) { return version }
        let known = TLS.Version.allCases.map(\.rawValue).joined(separator: ", ")
        section.diagnostics.report(section.place(key), "unknown TLS version \(quoted(text)); expected one of \(known)")
        return nil
    }

    static func decodeProxy(_ section: inout MappingDecoder) -> Proxy {
        var proxy = Proxy()
        let diagnostics = section.diagnostics
        proxy.url = proxyURL(&section)
        proxy.exceptions = section.string("no_proxy") ?? ""
        proxy.isFromEnvironment = section.bool("proxy_from_environment") ?? false
        for entry in section.pairs("proxy_connect_header") ?? [] {
            guard case .sequence(let nodes) = entry.value.content else {
                diagnostics.report(
                    entry.value.mark, "expected a list of values for \(entry.key), found \(entry.value.kindName)")
                continue
            }
            let values = nodes.compactMap { section.scalar($0, entry.key, "text") }
            for text in values + [entry.key] { checkHeaderText(text, entry.keyMark, diagnostics) }
            proxy.connectHeaders.append(Header(name: entry.key, values: values))
        }
        if proxy.isFromEnvironment {
            for (key, text) in [("proxy_url", proxy.url), ("no_proxy", proxy.exceptions)] where !text.isEmpty {
                diagnostics.report(
                    section.keyPlace(key), "if proxy_from_environment is configured, \(key) must not be configured")
            }
        } else if proxy.url.isEmpty {
            if !proxy.exceptions.isEmpty {
                diagnostics.report(
                    section.keyPlace("no_proxy"), "if no_proxy is configured, proxy_url must also be configured")
            }
            if !proxy.connectHeaders.isEmpty {
                diagnostics.report(
                    section.keyPlace("proxy_connect_header"),
                    "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"
                )
            }
        }
        return proxy
    }

    /// The proxy's URL; one without a scheme stands for that of an HTTP proxy.
    private static func proxyURL(_ section: inout MappingDecoder) -> String {
        let text = section.string("proxy_url") ?? ""
        guard !text.isEmpty else { return "" }
        let whole = text.contains("://") ? text : "http://" + text
        if let url = WebURL.checked(whole, schemes: ["http", "https", "socks5", "socks5h"]) { return url }
        section.diagnostics.report(
            section.place("proxy_url"),
            "expected a URL such as http://localhost:3128 for proxy_url, of an http, https or socks5 proxy, found "
                + WebURL.shown(text))
        return text
    }

    static func decodeOAuth2(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> OAuth2? {
        guard var section = MappingDecoder(node, "oauth2", diagnostics) else { return nil }
        var oauth2 = OAuth2()
        oauth2.clientID = section.string("client_id") ?? ""
        if oauth2.clientID.isEmpty {
            diagnostics.report(section.place("client_id"), "oauth2 client_id must be configured")
        }
        oauth2.clientSecret = secret(&section, "client_secret", folder) ?? oauth2.clientSecret
        if oauth2.clientSecret == .text("") {
            diagnostics.report(
                section.place("client_secret"), "either oauth2 client_secret or client_secret_file must be configured")
        }
        if let url = section.string("token_url").flatMap({ WebURL.checked($0) }) {
            oauth2.tokenURL = url
        } else {
            diagnostics.report(
                section.place("token_url"), "oauth2 token_url must be a URL that begins with http:// or https://")
        }
        oauth2.scopes = section.strings("scopes") ?? []
        refuseAssertions(&section)
        for entry in section.pairs("endpoint_params") ?? [] {
            guard let value = section.scalar(entry.value, entry.key, "text") else { continue }
            oauth2.parameters.append(Header(name: entry.key, values: [value]))
        }
        oauth2.parameters.sort { byteOrder($0.name, $1.name) }
        if let node = section.node("tls_config") { oauth2.tls = decodeTLS(node, folder, diagnostics) }
        oauth2.proxy = decodeProxy(&section)
        section.finish()
        return oauth2
    }

    /// Refuses what belongs to other grants than that for a client's secret.
    private static func refuseAssertions(_ section: inout MappingDecoder) {
        if let grant = section.string("grant_type"), !grant.isEmpty, grant != "client_credentials" {
            section.diagnostics.report(
                section.place("grant_type"), "expected client_credentials for grant_type, found \(quoted(grant))")
        }
        for key in [
            "client_certificate_key_id", "client_certificate_key", "client_certificate_key_file",
            "signature_algorithm", "iss", "audience", "claims",
        ] where section.node(key) != nil {
            section.diagnostics.report(
                section.keyPlace(key), "\(key) is not supported: a token is asked for with client_secret")
        }
    }
}
