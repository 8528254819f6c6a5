import CCurl

/// Redirects, each of which is a request of its own: with the proxy, the checks and the headers that suit where it leads.
extension Fetch {
    static let redirectsMax = 10
    private static let statuses: Set<Int> = [301, 302, 303, 307, 308]

    /// Whether what comes now is the answer of a redirect that is followed: its body is nobody's.
    var isRedirect: Bool { request.http.followRedirects && Fetch.statuses.contains(status) }

    /// Whether the URL is of another server than the request's, which gets none of its credentials.
    var isElsewhere: Bool { WebURL.origin(url) != WebURL.origin(request.url) }

    /// Where the answer that has come leads; nil where it is the last.
    func next(_ handle: UnsafeMutableRawPointer) -> String? {
        guard isRedirect, !isOverLimit else { return nil }
        var location: UnsafePointer<CChar>?
        ccurl_getinfo_string(handle, CURLINFO_REDIRECT_URL, &location)
        return location.map { atItsAddress(String(cString: $0)) }
    }

    /// `next` with the address in place of `server_name`, under which libcurl knows it.
    private func atItsAddress(_ next: String) -> String {
        let name = request.http.tls.serverName
        guard !name.isEmpty, url.hasPrefix("https://"),
            WebURL.origin(next) == ["https", name.lowercased(), WebURL.origin(url)[2]]
        else { return next }
        let authority = WebURL.hostAndPort(next)
        return "\(next[..<authority.startIndex])\(WebURL.hostAndPort(url))\(next[authority.endIndex...])"
    }
}
