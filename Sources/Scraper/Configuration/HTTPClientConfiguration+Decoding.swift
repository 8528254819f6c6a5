import Model
import YAML

extension HTTPClientConfiguration {
    private static let unsupportedKeys = ["oauth2", "no_proxy", "proxy_from_environment", "proxy_connect_header"]

    /// Reads the keys that say how requests are made out of the section that they stand in.
    static func decode(_ section: inout MappingDecoder, folder: String) -> Self {
        var http = Self()
        let diagnostics = section.diagnostics
        if let node = section.node("basic_auth") { http.basicAuth = decodeBasicAuth(node, folder, diagnostics) }
        if let node = section.node("authorization") {
            http.authorization = decodeAuthorization(node, folder, diagnostics)
        }
        if http.basicAuth != nil, http.authorization != nil {
            diagnostics.report(
                section.keyPlace("authorization"), "at most one of basic_auth and authorization must be configured")
        }
        if let node = section.node("tls_config") { http.tls = decodeTLS(node, folder, diagnostics) }
        http.followRedirects = section.bool("follow_redirects") ?? true
        http.enableHTTP2 = section.bool("enable_http2") ?? true
        http.proxyURL = section.string("proxy_url") ?? ""
        http.headers = decodeHeaders(&section)
        for key in unsupportedKeys {
            guard let node = section.node(key), !node.isEmpty else { continue }
            if case .scalar("false", _) = node.content { continue }
            diagnostics.report(section.keyPlace(key), "\(key) is not supported yet")
        }
        return http
    }

    private static func decodeBasicAuth(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> BasicAuth? {
        guard var section = MappingDecoder(node, "basic_auth", diagnostics) else { return nil }
        let username = section.string("username") ?? ""
        let password = secret(&section, "password", folder)
        section.finish()
        return BasicAuth(username: username, password: password ?? .text(""))
    }

    private static func decodeAuthorization(
        _ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics
    ) -> Authorization? {
        guard var section = MappingDecoder(node, "authorization", diagnostics) else { return nil }
        let type = section.string("type") ?? "Bearer"
        if type.lowercased() == "basic" {
            diagnostics.report(
                section.place("type"), "authorization type cannot be set to \"basic\", use basic_auth instead")
        }
        checkHeaderText(type, section.place("type"), diagnostics)
        let credentials = secret(&section, "credentials", folder)
        section.finish()
        return Authorization(type: type, credentials: credentials ?? .text(""))
    }

    private static func secret(_ section: inout MappingDecoder, _ key: String, _ folder: String) -> Secret? {
        let text = section.string(key)
        let file = section.string(key + "_file")
        if text != nil, file != nil {
            section.diagnostics.report(
                section.keyPlace(key), "at most one of \(key) and \(key)_file must be configured")
        }
        if let text {
            checkHeaderText(text, section.place(key), section.diagnostics)
            return .text(text)
        }
        return file.map { .file(resolved($0, folder)) }
    }

    private static func decodeTLS(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> TLS {
        guard var section = MappingDecoder(node, "tls_config", diagnostics) else { return TLS() }
        var tls = TLS()
        tls.caFile = resolved(section.string("ca_file") ?? "", folder)
        tls.certFile = resolved(section.string("cert_file") ?? "", folder)
        tls.keyFile = resolved(section.string("key_file") ?? "", folder)
        tls.insecureSkipVerify = section.bool("insecure_skip_verify") ?? false
        if tls.certFile.isEmpty != tls.keyFile.isEmpty {
            diagnostics.report(
                section.mark, "exactly one of cert_file and key_file is configured when a client certificate needs both"
            )
        }
        for key in ["ca", "cert", "key", "server_name", "min_version", "max_version"] where section.node(key) != nil {
            diagnostics.report(section.keyPlace(key), "\(key) is not supported yet in tls_config")
        }
        section.finish()
        return tls
    }

    private static func decodeHeaders(_ section: inout MappingDecoder) -> [Header] {
        var headers: [Header] = []
        for entry in section.pairs("http_headers") ?? [] {
            guard var header = MappingDecoder(entry.value, "http_headers entry", section.diagnostics) else { continue }
            let values = (header.strings("values") ?? []) + (header.strings("secrets") ?? [])
            for text in values + [entry.key] { checkHeaderText(text, entry.keyMark, section.diagnostics) }
            headers.append(Header(name: entry.key, values: values))
            header.finish()
        }
        return headers.sorted { byteOrder($0.name, $1.name) }
    }

    /// Reports text that would end a header line early.
    static func checkHeaderText(_ text: String, _ mark: YAMLMark, _ diagnostics: Diagnostics) {
        if text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) {
            diagnostics.report(mark, "expected text without control characters, as it goes into an HTTP header")
        }
    }
}
