import CCurl
import YAML

extension Fetch {
    /// Sets a handle up for this request. The handle must be given back to `curl_easy_reset` before this object goes.
    ///
    /// - Throws: where a file that the request needs cannot be read, or libcurl refuses a setting.
    func configure(_ handle: UnsafeMutableRawPointer) throws(ScrapeFailure) {
        curl_easy_reset(handle)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try configureURL(handle)
        // Signals would interrupt other threads.
        try set(handle, CURLOPT_NOSIGNAL, 1)
        try set(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        try set(handle, CURLOPT_TIMEOUT_MS, Int(clamping: leftMs))
        try check(ccurl_setopt_pointer(handle, CURLOPT_ERRORBUFFER, errorText), "error buffer")
        try check(ccurl_setopt_pointer(handle, CURLOPT_PRIVATE, context), "context")
        try check(ccurl_setopt_write(handle, fetchReceiveBody, context), "body callback")
        try check(ccurl_setopt_header(handle, fetchReceiveHeader, context), "header callback")
        if request.bodyBytesExpected > Fetch.pieceBytes { try set(handle, CURLOPT_BUFFERSIZE, Fetch.pieceBytes) }
        if request.acceptsGzip { try set(handle, CURLOPT_ACCEPT_ENCODING, "gzip") }
        try configureRoute(handle)
        try configureHeaders(handle)
    }

    /// In how large pieces a large page is received, in bytes; libcurl's own are of 16 KiB.
    private static let pieceBytes = 128 << 10

    private func configureHeaders(_ handle: UnsafeMutableRawPointer) throws(ScrapeFailure) {
        addHeader("User-Agent", request.userAgent)
        if let post = request.post {
            try configure(handle, post)
        } else {
            addHeader("Accept", request.accept)
            addHeader("X-Prometheus-Scrape-Timeout-Seconds", seconds(request.timeoutMs))
        }
        for header in request.http.headers {
            for value in header.values { addHeader(header.name, value) }
            for file in header.files { addHeader(header.name, try Fetch.read(.file(file), "http_headers file")) }
        }
        if isElsewhere { return try check(ccurl_setopt_pointer(handle, CURLOPT_HTTPHEADER, headers), "headers") }
        if let bearer { addHeader("Authorization", bearer) }
        if let auth = request.http.authorization {
            addHeader("Authorization", "\(auth.type) \(try Fetch.read(auth.credentials, "credentials_file"))")
        }
        if let auth = request.http.basicAuth {
            try set(handle, CURLOPT_HTTPAUTH, 1)
            try set(handle, CURLOPT_USERNAME, try Fetch.read(auth.username, "username_file"))
            try set(handle, CURLOPT_PASSWORD, try Fetch.read(auth.password, "password_file"))
        }
        try check(ccurl_setopt_pointer(handle, CURLOPT_HTTPHEADER, headers), "headers")
    }

    private func configure(_ handle: UnsafeMutableRawPointer, _ post: FetchPost) throws(ScrapeFailure) {
        for header in post.headers where !isElsewhere || header.name.lowercased() != "authorization" {
            addHeader(header.name, header.value)
        }
        if !post.socketPath.isEmpty { try set(handle, CURLOPT_UNIX_SOCKET_PATH, post.socketPath) }
        guard let body = post.body, sendsBody else { return }
        try set(handle, CURLOPT_POST, 1)
        // Without this libcurl waits for a second for leave to send more than a kilobyte.
        addHeader("Expect", "")
        // Copied by libcurl during the call.
        try check(body.withUnsafeBytes { ccurl_setopt_body(handle, $0.baseAddress, $0.count) }, "body")
    }

    func addHeader(_ name: String, _ value: String) {
        // Null when memory is short; the list made so far stays valid then.
        if let longer = curl_slist_append(headers, "\(name): \(value)") { headers = longer }
    }

    static func read(_ secret: HTTPClientConfiguration.Secret, _ key: String) throws(ScrapeFailure) -> String {
        switch secret {
        case .text(let text): return text
        case .file(let path):
            switch readWholeFile(path, bytesMax: Fetch.secretBytesMax, isWaiting: false) {
            case .failure(let error): throw ScrapeFailure(message: "unable to read \(key) \(path): \(error.reason)")
            case .success(let bytes):
                let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
                let trimmed = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
                guard !trimmed.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                    throw ScrapeFailure(message: "expected one line of text in \(key) \(path)")
                }
                return String(decoding: trimmed, as: UTF8.self)
            }
        }
    }

    static let secretBytesMax = 64 << 10

    func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) throws(ScrapeFailure) {
        try check(ccurl_setopt_string(handle, option, value), "option \(option.rawValue)")
    }

    func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) throws(ScrapeFailure) {
        try check(ccurl_setopt_long(handle, option, value), "option \(option.rawValue)")
    }

    func check(_ code: CURLcode, _ what: String) throws(ScrapeFailure) {
        guard code != CURLE_OK else { return }
        throw ScrapeFailure(message: "libcurl refuses \(what): \(String(cString: curl_easy_strerror(code)))")
    }
}

/// Milliseconds as seconds in the shortest decimal notation.
func seconds(_ milliseconds: Int64) -> String {
    let whole = milliseconds / 1000
    let rest = milliseconds % 1000
    if rest == 0 { return String(whole) }
    var places = String(rest + 1000).dropFirst()
    while places.last == "0" { places = places.dropLast() }
    return "\(whole).\(places)"
}
