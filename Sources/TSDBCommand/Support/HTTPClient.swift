import Scraper
import Synchronization

/// One blocking HTTP request at a time, for the commands that ask a running server.
struct HTTPClient {
    struct Response {
        var status: Int
        var body: [UInt8]
    }

    /// The largest answer taken, in bytes: ten times what a panel of 11,000 points and 100 series weighs.
    static let bodyBytesMax = 1 << 28

    /// Longer is forever: 24 days, the longest that libcurl takes.
    static let timeoutSecondsMax = Int(Int32.max) / 1000

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
        let session = HTTPSession()
        let answer = Answer()
        session.start(
            HTTPPost(
                url: url, timeoutMs: Int64(min(timeoutSeconds, timeoutSecondsMax)) * 1000,
                userAgent: "tsdb/\(BuildInfo.version)",
                http: settings.configuration, headers: settings.headers, body: body, replyBytesMax: bodyBytesMax)
        ) { result in answer.result.withLock { $0 = result } }
        while true {
            switch answer.result.withLock({ $0 }) {
            case nil: session.poll(timeoutMs: 1000)
            case .success(let reply)?: return Response(status: reply.status, body: reply.body)
            case .failure(let failure)?:
                if failure.isTooLong {
                    throw CommandFailure("\(withoutPassword(url)) answered more than \(bodyBytesMax) bytes")
                }
                throw CommandFailure("no answer from \(withoutPassword(url)): \(failure). \(settings.advice)")
            }
        }
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

/// Where the answer is left for the loop that waits for it.
private final class Answer: Sendable {
    let result = Mutex<Result<HTTPReply, HTTPFailure>?>(nil)
}
