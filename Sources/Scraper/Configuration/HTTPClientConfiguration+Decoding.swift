import Model
import YAML

extension HTTPClientConfiguration {
    /// Reads the keys that say how requests are made out of the section that they stand in.
    static func decode(_ section: inout MappingDecoder, folder: String) -> Self {
        var http = Self()
        let diagnostics = section.diagnostics
        if let node = section.node("basic_auth") { http.basicAuth = decodeBasicAuth(node, folder, diagnostics) }
        if let node = section.node("authorization") {
            http.authorization = decodeAuthorization(node, folder, diagnostics)
        }
        if let node = section.node("oauth2") { http.oauth2 = decodeOAuth2(node, folder, diagnostics) }
        // How authorization was written before.
        if let token = secret(&section, "bearer_token", folder) {
            http.authorization = Authorization(type: "Bearer", credentials: token)
        }
        let bearer = section.node("bearer_token") != nil ? "bearer_token" : "bearer_token_file"
        let kinds = ["basic_auth", "authorization", "oauth2", bearer].filter { section.node($0) != nil }
        if kinds.count > 1 {
            diagnostics.report(
                section.keyPlace(kinds[1]),
                "at most one of basic_auth, authorization, oauth2 and bearer_token must be configured")
        }
        if let node = section.node("tls_config") { http.tls = decodeTLS(node, folder, diagnostics) }
        http.followRedirects = section.bool("follow_redirects") ?? true
        http.enableHTTP2 = section.bool("enable_http2") ?? true
        http.proxy = decodeProxy(&section)
        http.headers = decodeHeaders(&section, folder)
        return http
    }

    private static func decodeBasicAuth(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> BasicAuth? {
        guard var section = MappingDecoder(node, "basic_auth", diagnostics) else { return nil }
        let username = secret(&section, "username", folder)
        let password = secret(&section, "password", folder)
        section.finish()
        return BasicAuth(username: username ?? .text(""), password: password ?? .text(""))
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

    static func secret(_ section: inout MappingDecoder, _ key: String, _ folder: String) -> Secret? {
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

    /// Headers that requests have their own values of.
    /// - Source: Prometheus's `common/config`.
    static let reserved: Set<String> = [
        "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent", "connection",
        "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding",
        "x-prometheus-remote-write-version", "x-prometheus-remote-read-version", "x-amz-date", "x-amz-security-token",
        "x-amz-content-sha256",
    ]

    private static func decodeHeaders(_ section: inout MappingDecoder, _ folder: String) -> [Header] {
        var headers: [Header] = []
        for entry in section.pairs("http_headers") ?? [] {
            guard var header = MappingDecoder(entry.value, "http_headers entry", section.diagnostics) else { continue }
            let values = (header.strings("values") ?? []) + (header.strings("secrets") ?? [])
            for text in values + [entry.key] { checkHeaderText(text, entry.keyMark, section.diagnostics) }
            let files = (header.strings("files") ?? []).map { resolved($0, folder) }
            if reserved.contains(entry.key.lowercased())
                || entry.key.lowercased() == "x-prometheus-scrape-timeout-seconds"
            {
                section.diagnostics.report(entry.keyMark, "setting header \(quoted(entry.key)) is not allowed")
            }
            headers.append(Header(name: entry.key, values: values, files: files))
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

extension MappingDecoder {
    /// Headers with one value each, sorted by name.
    mutating func headers(_ key: String, _ what: String) -> [HTTPClientConfiguration.Header] {
        var headers: [HTTPClientConfiguration.Header] = []
        for entry in pairs(key) ?? [] {
            guard let value = scalar(entry.value, entry.key, "text") else { continue }
            if HTTPClientConfiguration.reserved.contains(entry.key.lowercased()) {
                diagnostics.report(
                    entry.keyMark, "\(entry.key) is a reserved header. It must not be changed by \(what)")
            }
            HTTPClientConfiguration.checkHeaderText(entry.key + value, entry.keyMark, diagnostics)
            headers.append(HTTPClientConfiguration.Header(name: entry.key, values: [value]))
        }
        return headers.sorted { byteOrder($0.name, $1.name) }
    }
}

extension HTTPClientConfiguration {
    /// Reads a file that says how requests are made and nothing else, as Prometheus's tools take one.
    ///
    /// - Throws: ``ConfigurationError`` with every fault found and its place.
    public static func load(path: String) throws(ConfigurationError) -> HTTPClientConfiguration {
        let text = try readConfigurationText(path)
        let diagnostics = Diagnostics(file: path)
        var http = HTTPClientConfiguration()
        do {
            if let root = try YAMLReader.read(text),
                var section = MappingDecoder(root, "the HTTP configuration", diagnostics)
            {
                http = decode(&section, folder: folder(of: path))
                section.finish()
            }
        } catch {
            diagnostics.report(error.mark, error.reason)
        }
        try diagnostics.finish()
        return http
    }
}
