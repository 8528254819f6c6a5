import CCurl
import Glibc

extension Fetch {
    /// The URL. Where the certificate is another name's, that name is asked for at the URL's address.
    func configureURL(_ handle: UnsafeMutableRawPointer) throws(ScrapeFailure) {
        let name = request.http.tls.serverName
        guard !name.isEmpty, request.url.hasPrefix("https://") else { return try set(handle, CURLOPT_URL, request.url) }
        let rest = request.url.dropFirst("https://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let colon = authority.lastIndex(of: ":").flatMap { authority[$0...].contains("]") ? nil : $0 }
        let host = colon.map { authority[..<$0] } ?? authority
        let port = colon.map { authority[authority.index(after: $0)...] } ?? "443"
        try set(handle, CURLOPT_URL, "https://\(name):\(port)\(rest[authority.endIndex...])")
        connectTo = curl_slist_append(nil, "\(name):\(port):\(host):\(port)")
        try check(ccurl_setopt_pointer(handle, CURLOPT_CONNECT_TO, connectTo), "server_name")
        addHeader("Host", String(authority))
    }

    func configureRoute(_ handle: UnsafeMutableRawPointer) throws(ScrapeFailure) {
        try configureProxy(handle)
        let tls = request.http.tls
        for (option, text) in [
            (CURLOPT_CAINFO, tls.caFile), (CURLOPT_SSLCERT, tls.certFile), (CURLOPT_SSLKEY, tls.keyFile),
        ] where !text.isEmpty { try set(handle, option, text) }
        for (option, text) in [
            (CURLOPT_CAINFO_BLOB, tls.ca), (CURLOPT_SSLCERT_BLOB, tls.cert), (CURLOPT_SSLKEY_BLOB, tls.key),
        ] where !text.isEmpty {
            let bytes = Array(text.utf8)
            // Copied by libcurl during the call.
            try check(
                bytes.withUnsafeBytes { ccurl_setopt_blob(handle, option, $0.baseAddress, $0.count) },
                "text in tls_config")
        }
        if tls.insecureSkipVerify {
            try set(handle, CURLOPT_SSL_VERIFYPEER, 0)
            try set(handle, CURLOPT_SSL_VERIFYHOST, 0)
        }
        if tls.minVersion != nil || tls.maxVersion != nil {
            let least = tls.minVersion.map { Int(CURL_SSLVERSION_TLSv1_0) + index($0) } ?? Int(CURL_SSLVERSION_TLSv1_2)
            let most = tls.maxVersion.map { (Int(CURL_SSLVERSION_TLSv1_0) + index($0)) << 16 } ?? 0
            try set(handle, CURLOPT_SSLVERSION, least | most)
        }
        let version = request.http.enableHTTP2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1)
        try set(handle, CURLOPT_HTTP_VERSION, version)
    }

    /// libcurl numbers TLS 1.0 to 1.3 in a row.
    private func index(_ version: HTTPClientConfiguration.TLS.Version) -> Int {
        HTTPClientConfiguration.TLS.Version.allCases.firstIndex(of: version) ?? 0
    }

    private func configureProxy(_ handle: UnsafeMutableRawPointer) throws(ScrapeFailure) {
        let proxy = request.http.proxy
        let route = proxy.route(to: request.url) { name in getenv(name).map { String(cString: $0) } }
        // Empty rather than unset, which would let libcurl choose one by rules of its own.
        try set(handle, CURLOPT_PROXY, route.url)
        try set(handle, CURLOPT_NOPROXY, route.exceptions)
        guard !route.url.isEmpty, !proxy.connectHeaders.isEmpty else { return }
        for header in proxy.connectHeaders {
            for value in header.values {
                if let longer = curl_slist_append(proxyHeaders, "\(header.name): \(value)") { proxyHeaders = longer }
            }
        }
        try set(handle, CURLOPT_HEADEROPT, 1)
        try check(ccurl_setopt_pointer(handle, CURLOPT_PROXYHEADER, proxyHeaders), "proxy_connect_header")
    }
}

extension HTTPClientConfiguration.Proxy {
    /// The proxy on the way to `url`, empty for none, and what is reached without it.
    ///
    /// - Source: `httpproxy.FromEnvironment` of Go: the machine itself is never reached by a proxy of the environment.
    func route(to url: String, _ environment: (String) -> String?) -> (url: String, exceptions: String) {
        guard isFromEnvironment else { return (self.url, exceptions) }
        func value(_ name: String) -> String {
            [name, name.lowercased()].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
        }
        let proxy = value(url.hasPrefix("https://") ? "HTTPS_PROXY" : "HTTP_PROXY")
        let exceptions = value("NO_PROXY")
        return (proxy, (exceptions.isEmpty ? "" : exceptions + ",") + "localhost,127.0.0.0/8,::1")
    }
}
