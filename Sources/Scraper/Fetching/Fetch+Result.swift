import CCurl
import Glibc

extension Fetch {
    /// What a finished transfer brought.
    func result(_ code: CURLcode, _ handle: UnsafeMutableRawPointer) -> Result<FetchedPage, ScrapeFailure> {
        if isOverLimit { return .failure(ScrapeFailure(kind: .bodyLimit, message: "body size limit exceeded")) }
        guard code == CURLE_OK else {
            let verb = request.post?.body == nil ? "Get" : "Post"
            return failure(verb, reason(code, handle))
        }
        var status = 0
        ccurl_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        guard status == 200 || request.post != nil else {
            let text = statusText.isEmpty ? "" : " " + statusText
            return .failure(ScrapeFailure(message: "server returned HTTP status \(status)\(text)"))
        }
        var contentType: UnsafePointer<CChar>?
        ccurl_getinfo_string(handle, CURLINFO_CONTENT_TYPE, &contentType)
        return .success(
            FetchedPage(
                body: body, contentType: contentType.map { String(cString: $0) } ?? "", status: status,
                retryAfter: retryAfter))
    }

    /// What is said of a request that has led on too often.
    var tooManyRedirects: Result<FetchedPage, ScrapeFailure> {
        failure(request.post?.body == nil ? "Get" : "Post", "stopped after \(Fetch.redirectsMax) redirects")
    }

    private func failure(_ verb: String, _ reason: String) -> Result<FetchedPage, ScrapeFailure> {
        .failure(ScrapeFailure(message: "\(verb) \"\(withoutPassword(url))\": \(reason)"))
    }

    /// A failed transfer in the words that users of Prometheus know, where there are any.
    private func reason(_ code: CURLcode, _ handle: UnsafeMutableRawPointer) -> String {
        let detail = errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return "context deadline exceeded"
        case CURLE_COULDNT_RESOLVE_HOST: return "cannot resolve the host name: \(detail)"
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING: return "unexpected EOF: \(detail)"
        case CURLE_COULDNT_CONNECT:
            var system = 0
            ccurl_getinfo_long(handle, CURLINFO_OS_ERRNO, &system)
            guard system != 0 else { return detail }
            let peer =
                proxyURL.isEmpty ? "\(WebURL.hostAndPort(url))" : "proxy \(WebURL.hostAndPort(proxyURL))"
            if system == Int(ECONNREFUSED) { return "connection to \(peer) refused" }
            return "cannot connect to \(peer): \(String(cString: strerror(Int32(truncatingIfNeeded: system))))"
        default: return detail
        }
    }
}
