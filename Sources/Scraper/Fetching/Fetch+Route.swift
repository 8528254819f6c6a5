import CCurl
import Glibc

extension Fetch {
    /// The URL. Where the certificate is another name's, that name is asked for at the URL's address.
    func configureURL(_ handle: UnsafeMutableRawPointer) throws(ScrapeFailure) {
        let name = request.http.tls.serverName
        guard !name.isEmpty, url.hasPrefix("https://") else { return try set(handle, CURLOPT_URL, url) }
        let authority = WebURL.hostAndPort(url)
        let colon = authority.lastIndex(of: ":").flatMap { authority[$0...].contains("]") ? nil : $0 }
        let host = colon.map { authority[..<$0] } ?? authority
        let port = colon.map { authority[authority.index(after: $0)...] } ?? "443"
        try set(handle, CURLOPT_URL, "\(url[..<authority.startIndex])\(name):\(port)\(url[authority.endIndex...])")
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
        proxyURL = proxy.route(to: url) { name in getenv(name).map { String(cString: $0) } }
        // Empty rather than unset, which would let libcurl choose by rules of its own. A name is for a SOCKS proxy to
        // look up, as Go has it.
        let url = proxyURL.hasPrefix("socks5://") ? "socks5h" + proxyURL.dropFirst("socks5".count) : proxyURL
        try set(handle, CURLOPT_PROXY, url)
        try set(handle, CURLOPT_NOPROXY, "")
        // Others would send them with requests too, not only to ask for a tunnel.
        guard !proxyURL.isEmpty, self.url.hasPrefix("https://") else { return }
        for header in proxy.connectHeaders {
            for value in header.values {
                if let longer = curl_slist_append(proxyHeaders, "\(header.name): \(value)") { proxyHeaders = longer }
            }
        }
        try check(ccurl_setopt_pointer(handle, CURLOPT_PROXYHEADER, proxyHeaders), "proxy_connect_header")
    }
}
