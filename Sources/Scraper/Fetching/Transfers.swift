import CCurl

/// The transfers under way in a multi handle, and idle handles for further ones.
///
/// Connections belong to the multi handle and outlive the handles, so that few of these serve many targets.
struct Transfers {
    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: Fetch] = [:]
    var grants: [Grant] = []
    private var idle: [UnsafeMutableRawPointer] = []

    /// How many idle handles are kept; each has some kilobytes.
    private static let idleMax = 16

    init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    /// Keeps a connection open for each of `count` targets.
    func expect(_ count: Int) {
        ccurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, count + 16)
    }

    /// Starts a transfer, behind one for a token where it needs that.
    mutating func start(_ fetch: Fetch) {
        guard let oauth2 = fetch.request.http.oauth2, fetch.bearer == nil else { return begin(fetch) }
        authorize(fetch, oauth2)
    }

    mutating func begin(_ fetch: Fetch) {
        guard let handle = idle.popLast() ?? curl_easy_init() else {
            return finish(fetch, .failure(ScrapeFailure(message: "out of memory")))
        }
        do throws(ScrapeFailure) {
            try fetch.configure(handle)
        } catch {
            putBack(handle)
            return finish(fetch, .failure(error))
        }
        let code = curl_multi_add_handle(multi, handle)
        guard code == CURLM_OK else {
            putBack(handle)
            return finish(fetch, .failure(ScrapeFailure(message: String(cString: curl_multi_strerror(code)))))
        }
        running[handle] = fetch
    }

    /// Waits until something happens, but no longer than this.
    func poll(timeoutMs: Int64) {
        curl_multi_poll(multi, nil, 0, Int32(clamping: max(min(timeoutMs, tokenWaitMs ?? timeoutMs), 0)), nil)
    }

    /// Moves all transfers on as far as they go without waiting, and completes those that are done.
    mutating func perform() {
        endWaiting()
        var count: Int32 = 0
        curl_multi_perform(multi, &count)
        while let message = curl_multi_info_read(multi, &count) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = ccurl_message_handle(message) else { continue }
            let code = ccurl_message_result(message)
            guard let fetch = running.removeValue(forKey: handle) else { continue }
            let next = code == CURLE_OK ? fetch.next(handle) : nil
            let result = fetch.result(code, handle)
            curl_multi_remove_handle(multi, handle)
            putBack(handle)
            if let next { follow(fetch, next) } else { finish(fetch, result) }
        }
    }

    /// Goes where an answer leads, by the proxy and with the checks that suit that. libcurl's own way would be that of the
    /// first request.
    private mutating func follow(_ fetch: Fetch, _ url: String) {
        guard fetch.redirectCount < Fetch.redirectsMax else { return finish(fetch, fetch.tooManyRedirects) }
        fetch.follow(url)
        begin(fetch)
    }

    private mutating func finish(_ fetch: Fetch, _ result: Result<FetchedPage, ScrapeFailure>) {
        if let request = fetch.tokenRequest { finish(request, result) } else { fetch.complete(result) }
    }

    /// Drops all transfers and frees all handles.
    mutating func removeAll() {
        let cancelled = ScrapeFailure(kind: .cancelled, message: "context canceled")
        for (handle, fetch) in running {
            curl_multi_remove_handle(multi, handle)
            curl_easy_cleanup(handle)
            fetch.complete(.failure(cancelled))
        }
        for fetch in grants.flatMap(\.waiting) { fetch.complete(.failure(cancelled)) }
        grants = []
        for handle in idle { curl_easy_cleanup(handle) }
        (running, idle) = ([:], [])
    }

    private mutating func putBack(_ handle: UnsafeMutableRawPointer) {
        // Lets go of the fetch's headers and buffers.
        curl_easy_reset(handle)
        if idle.count < Transfers.idleMax { idle.append(handle) } else { curl_easy_cleanup(handle) }
    }
}
