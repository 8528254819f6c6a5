import CCurl
import Model

/// What is sent with a request that is no scrape.
struct FetchPost: Sendable {
    /// Nil where it is not posted but asked for.
    var body: [UInt8]?
    var headers: [(name: String, value: String)]
    /// The Unix socket that it goes to; empty where it goes to the URL's host.
    var socketPath = ""
}

/// What is asked of a target.
struct FetchRequest: Sendable {
    var url: String
    var timeoutMs: Int64
    var userAgent: String
    /// What a scrape asks for.
    var accept = ""
    var acceptsGzip: Bool
    var http: HTTPClientConfiguration
    /// The most bytes that a page may have, unpacked.
    var bodyBytesMax: Int
    /// The size that the page had before.
    var bodyBytesExpected: Int
    /// Nil for a scrape. Of anything else every status is an answer.
    var post: FetchPost?
}

/// What a target answered.
struct FetchedPage: Sendable {
    var body: [UInt8]
    var contentType: String
    var status = 200
    /// What the header `Retry-After` says; empty where there is none.
    var retryAfter = ""
}

/// A transfer under way.
///
/// Confined to the fetching thread: libcurl calls back only from within its own functions, which that thread calls.
final class Fetch {
    let request: FetchRequest
    let complete: @Sendable (Result<FetchedPage, ScrapeFailure>) -> Void
    var body: [UInt8] = []
    var isOverLimit = false
    /// The text behind the status code, such as "Not Found".
    var statusText = ""
    var retryAfter = ""
    // SAFETY: `CURL_ERROR_SIZE` bytes that libcurl writes a message into; they and the list of headers live until
    // `deinit`, and the handle is detached from both before this object goes.
    let errorText: UnsafeMutablePointer<CChar>
    var headers: UnsafeMutablePointer<curl_slist>?
    var proxyHeaders: UnsafeMutablePointer<curl_slist>?
    /// What is asked now: the request's own URL, or where that led.
    private(set) var url: String
    private(set) var redirectCount = 0
    /// Whether the request still has its body, which most redirects take from it.
    private(set) var sendsBody = true
    private(set) var status = 0
    private var ignoredBytes = 0
    /// The proxy that the request goes by; empty for none.
    var proxyURL = ""
    var connectTo: UnsafeMutablePointer<curl_slist>?
    /// The `Authorization` header that a token made; nil where there is none.
    var bearer: String?
    /// The grant that this transfer asks a token for; nil of all others.
    var tokenRequest: TokenRequest?
    private let begunMs = monotonicMs()

    /// What is left of the request's time, in milliseconds, at least one.
    var leftMs: Int64 { max(endMs - monotonicMs(), 1) }

    /// When its time is over.
    var endMs: Int64 { begunMs + request.timeoutMs }

    /// Room reserved for a page of unknown size, and the most that is reserved because the page had as much before, in
    /// bytes. What is not used is never touched, and takes no memory.
    private static let bodyBytesReserved = (min: 4 << 10, max: 64 << 20)

    init(_ request: FetchRequest, complete: @escaping @Sendable (Result<FetchedPage, ScrapeFailure>) -> Void) {
        self.request = request
        self.complete = complete
        url = request.url
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let (least, most) = Fetch.bodyBytesReserved
        body.reserveCapacity(min(max(request.bodyBytesExpected + request.bodyBytesExpected / 8, least), most))
    }

    deinit {
        errorText.deallocate()
        freeLists()
    }

    private func freeLists() {
        for list in [headers, proxyHeaders, connectTo] { curl_slist_free_all(list) }
        (headers, proxyHeaders, connectTo) = (nil, nil, nil)
    }

    /// Goes on to where the answer leads, to be configured anew; the handle must have let go of this object's lists.
    func follow(_ url: String) {
        freeLists()
        self.url = url
        redirectCount += 1
        sendsBody = sendsBody && (status == 307 || status == 308)
        (status, ignoredBytes, statusText, retryAfter) = (0, 0, "", "")
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if isRedirect {
            ignoredBytes += bytes.count
            isOverLimit = ignoredBytes > Fetch.redirectBytesMax
            return !isOverLimit
        }
        guard bytes.count <= request.bodyBytesMax - body.count else {
            isOverLimit = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// The most that a redirect may have as its body, in bytes.
    private static let redirectBytesMax = 1 << 20

    /// Remembers what a status line says; a proxy's comes before that of what is asked.
    func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        if request.post != nil, let value = headerValue(bytes, "retry-after") { retryAfter = value }
        guard bytes.starts(with: "HTTP/".utf8), bytes.count <= 1024 else { return }
        let words = bytes.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        status = words.count > 1 ? Int(String(decoding: words[1].prefix { $0 > 0x20 }, as: UTF8.self)) ?? 0 : 0
        guard words.count == 3 else { return statusText = "" }
        statusText = String(decoding: words[2].prefix { $0 >= 0x20 }, as: UTF8.self)
    }
}

/// The value of a header line whose name is `name`, in lower case.
private func headerValue(_ line: UnsafeRawBufferPointer, _ name: StaticString) -> String? {
    let length = name.utf8CodeUnitCount
    guard line.count > length, line.count <= 1024, line[length] == UInt8(ascii: ":") else { return nil }
    for index in 0..<length where line[index] | 0x20 != name.utf8Start[index] { return nil }
    let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
    let value = line[(length + 1)...].drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    return String(decoding: value, as: UTF8.self)
}

/// libcurl's write callback; a return value other than the size ends the transfer.
func fetchReceiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let fetch = Unmanaged<Fetch>.fromOpaque(context).takeUnretainedValue()
    let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return fetch.receive(buffer) ? buffer.count : 0
}

/// libcurl's header callback.
func fetchReceiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let fetch = Unmanaged<Fetch>.fromOpaque(context).takeUnretainedValue()
    fetch.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
