import CCurl
import Model

/// One blocking HTTP request at a time over libcurl, for the commands that ask a running server.
struct HTTPClient {
    struct Response {
        var status: Int
        var body: [UInt8]
    }

    /// The largest answer taken, in bytes: ten times what a panel of 11,000 points and 100 series weighs.
    static let bodyBytesMax = 1 << 28

    /// - Throws: ``CommandFailure`` naming the URL where no answer comes.
    static func get(
        _ url: String, timeoutSeconds: Int, settings: HTTPSettings = HTTPSettings()
    ) throws(CommandFailure) -> Response {
        try perform(url, body: nil, timeoutSeconds: timeoutSeconds, settings: settings)
    }

    /// Sends `form` as `application/x-www-form-urlencoded`.
    static func post(
        _ url: String, form: [(String, String)], timeoutSeconds: Int, settings: HTTPSettings = HTTPSettings()
    ) throws(CommandFailure) -> Response {
        let body = form.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
        return try perform(url, body: Array(body.utf8), timeoutSeconds: timeoutSeconds, settings: settings)
    }

    /// Sends `body` as `settings.headers` describe it.
    static func post(
        _ url: String, body: [UInt8], timeoutSeconds: Int, settings: HTTPSettings
    ) throws(CommandFailure) -> Response {
        try perform(url, body: body, timeoutSeconds: timeoutSeconds, settings: settings)
    }

    private static func perform(
        _ url: String, body: [UInt8]?, timeoutSeconds: Int, settings: HTTPSettings
    ) throws(CommandFailure) -> Response {
        guard let handle = curl_easy_init() else { throw CommandFailure("libcurl cannot be initialised") }
        defer { curl_easy_cleanup(handle) }
        let sink = BodySink()
        let context = Unmanaged.passUnretained(sink).toOpaque()
        _ = ccurl_setopt_string(handle, CURLOPT_URL, url)
        _ = ccurl_setopt_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = ccurl_setopt_long(handle, CURLOPT_TIMEOUT, timeoutSeconds)
        _ = ccurl_setopt_string(handle, CURLOPT_ACCEPT_ENCODING, "")
        _ = ccurl_setopt_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = ccurl_setopt_write(handle, collectBody, context)
        if let body {
            _ = ccurl_setopt_long(handle, CURLOPT_POST, 1)
            // Copied by libcurl during the call.
            _ = body.withUnsafeBytes { ccurl_setopt_body(handle, $0.baseAddress, $0.count) }
        }
        let headers = try settings.apply(to: handle)
        defer { curl_slist_free_all(headers) }
        let code = curl_easy_perform(handle)
        withExtendedLifetime(sink) {}
        guard code == CURLE_OK else {
            if sink.isOverfull { throw CommandFailure("\(url) answered more than \(bodyBytesMax) bytes") }
            throw CommandFailure(
                "no answer from \(url): \(String(cString: curl_easy_strerror(code))). \(settings.advice)")
        }
        var status = 0
        _ = ccurl_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return Response(status: status, body: sink.body)
    }

    static func percentEncoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count < 2 ? "0" : "") + hex
            }
        }
        return result
    }
}

private final class BodySink {
    var body: [UInt8] = []
    var isOverfull = false
}

/// libcurl's write callback; file-level, so that it belongs to no actor.
private func collectBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    // SAFETY: `context` is the BodySink that `perform` keeps alive around `curl_easy_perform`, on the same thread.
    guard let bytes, let context else { return 0 }
    let sink = Unmanaged<BodySink>.fromOpaque(context).takeUnretainedValue()
    guard sink.body.count + count <= HTTPClient.bodyBytesMax else {
        sink.isOverfull = true
        return 0
    }
    bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
        sink.body.append(contentsOf: UnsafeBufferPointer(start: $0, count: count))
    }
    return count
}
