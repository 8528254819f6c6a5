import CCurl
import Model

/// What another server answered to a request that was posted to it.
package struct HTTPReply: Sendable {
    package var status: Int
    package var contentType: String
    /// What the header `Retry-After` says; empty where there is none.
    package var retryAfter: String
    package var body: [UInt8]
}

/// A request that is no scrape.
package struct HTTPPost: Sendable {
    package var url: String
    package var timeoutMs: Int64
    package var userAgent: String
    package var http: HTTPClientConfiguration
    package var headers: [(name: String, value: String)]
    /// Nil where it is not posted but asked for.
    package var body: [UInt8]?
    /// The most bytes of an answer; a longer one is a failure.
    package var replyBytesMax: Int
    /// The Unix socket that the request goes to; empty where it goes to the URL's host.
    var socketPath = ""

    package init(
        url: String, timeoutMs: Int64, userAgent: String, http: HTTPClientConfiguration,
        headers: [(name: String, value: String)], body: [UInt8]?, replyBytesMax: Int
    ) {
        self.url = url
        self.timeoutMs = timeoutMs
        self.userAgent = userAgent
        self.http = http
        self.headers = headers
        self.body = body
        self.replyBytesMax = replyBytesMax
    }
}

/// Why a request has no answer.
package struct HTTPFailure: Error, CustomStringConvertible {
    package let description: String
    /// Whether there was one, of more bytes than are taken.
    package var isTooLong = false
    /// Whether nobody wants one any more.
    package var isCancelled = false
}

/// Posts requests and waits for the answers, several at a time. Used by one thread, but for ``wake()``.
package final class HTTPSession: @unchecked Sendable {
    // SAFETY: all but `multi` is used by one thread; that is a handle of which another thread may only call
    // `curl_multi_wakeup`, and which lives as long as this object.
    private let multi: UnsafeMutableRawPointer?
    private var transfers: Transfers?

    package init() {
        _ = curlIsReady
        multi = curl_multi_init()
        transfers = multi.map { Transfers(multi: $0) }
    }

    deinit {
        transfers?.removeAll()
        if let multi { curl_multi_cleanup(multi) }
    }

    /// Begins a request. `complete` is called by a later ``poll(timeoutMs:)``.
    package func start(_ post: HTTPPost, _ complete: @escaping @Sendable (Result<HTTPReply, HTTPFailure>) -> Void) {
        let request = FetchRequest(
            url: post.url, timeoutMs: post.timeoutMs, userAgent: post.userAgent, acceptsGzip: false, http: post.http,
            bodyBytesMax: post.replyBytesMax, bodyBytesExpected: 0,
            post: FetchPost(body: post.body, headers: post.headers, socketPath: post.socketPath))
        let fetch = Fetch(request) { result in
            switch result {
            case .success(let page):
                complete(
                    .success(
                        HTTPReply(
                            status: page.status, contentType: page.contentType, retryAfter: page.retryAfter,
                            body: page.body)))
            case .failure(let failure):
                complete(
                    .failure(
                        HTTPFailure(
                            description: failure.message, isTooLong: failure.kind == .bodyLimit,
                            isCancelled: failure.kind == .cancelled)))
            }
        }
        guard transfers != nil else { return complete(.failure(HTTPFailure(description: "out of memory"))) }
        transfers?.start(fetch)
    }

    /// Moves requests on, and waits until something happens, ``wake()`` is called, or the time is over.
    package func poll(timeoutMs: Int64) {
        transfers?.perform()
        transfers?.poll(timeoutMs: timeoutMs)
        transfers?.perform()
    }

    /// Ends a ``poll(timeoutMs:)`` from another thread.
    package func wake() {
        if let multi { curl_multi_wakeup(multi) }
    }

    /// Drops all requests; they fail.
    package func cancelAll() { transfers?.removeAll() }
}
