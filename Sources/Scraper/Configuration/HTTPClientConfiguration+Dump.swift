extension YAMLWriter {
    mutating func http(_ http: HTTPClientConfiguration) {
        if let auth = http.basicAuth {
            mapping("basic_auth") { writer in
                switch auth.username {
                case .text(let name): writer.value("username", name)
                case .file(let path): writer.value("username_file", path)
                }
                writer.secret("password", auth.password)
            }
        }
        if let auth = http.authorization {
            mapping("authorization") { writer in
                writer.value("type", auth.type)
                writer.secret("credentials", auth.credentials)
            }
        }
        if let oauth2 = http.oauth2 { mapping("oauth2") { $0.oauth2(oauth2) } }
        tls(http.tls)
        value("follow_redirects", http.followRedirects)
        value("enable_http2", http.enableHTTP2)
        proxy(http.proxy)
        if !http.headers.isEmpty {
            mapping("http_headers") { writer in
                for header in http.headers {
                    writer.mapping(header.name) { writer in
                        writer.list("secrets", header.values.map { _ in hidden })
                        writer.list("files", header.files)
                    }
                }
            }
        }
    }

    private mutating func oauth2(_ oauth2: HTTPClientConfiguration.OAuth2) {
        value("client_id", oauth2.clientID)
        secret("client_secret", oauth2.clientSecret)
        list("scopes", oauth2.scopes)
        value("token_url", withoutPassword(oauth2.tokenURL))
        if !oauth2.parameters.isEmpty {
            mapping("endpoint_params") { writer in
                for parameter in oauth2.parameters { writer.value(parameter.name, parameter.values.first ?? "") }
            }
        }
        tls(oauth2.tls)
        proxy(oauth2.proxy)
    }

    private mutating func tls(_ tls: HTTPClientConfiguration.TLS) {
        guard tls != HTTPClientConfiguration.TLS() else { return }
        mapping("tls_config") { writer in
            let texts = [
                ("ca", tls.ca), ("cert", tls.cert), ("key", tls.key.isEmpty ? "" : hidden), ("ca_file", tls.caFile),
                ("cert_file", tls.certFile), ("key_file", tls.keyFile), ("server_name", tls.serverName),
                ("min_version", tls.minVersion?.rawValue ?? ""), ("max_version", tls.maxVersion?.rawValue ?? ""),
            ]
            for (key, text) in texts where !text.isEmpty { writer.value(key, text) }
            writer.value("insecure_skip_verify", tls.insecureSkipVerify)
        }
    }

    private mutating func proxy(_ proxy: HTTPClientConfiguration.Proxy) {
        if !proxy.url.isEmpty { value("proxy_url", withoutPassword(proxy.url)) }
        if !proxy.exceptions.isEmpty { value("no_proxy", proxy.exceptions) }
        if proxy.isFromEnvironment { value("proxy_from_environment", true) }
        guard !proxy.connectHeaders.isEmpty else { return }
        mapping("proxy_connect_header") { writer in
            for header in proxy.connectHeaders { writer.list(header.name, header.values.map { _ in hidden }) }
        }
    }

    private mutating func secret(_ key: String, _ secret: HTTPClientConfiguration.Secret) {
        switch secret {
        case .text: value(key, hidden)
        case .file(let path): value(key + "_file", path)
        }
    }
}
