import HTTPTypes

/// What a handler gives back, before headers that all answers have are added.
struct Answer: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        case chunks(any ChunkedBody)
        /// Goes on until the client leaves or the server stops.
        case events(EventBody)
        /// Parts that are waited for, up to nil. An error ends the connection, so that the client sees that some is missing.
        case stream(@Sendable () async throws -> [UInt8]?)
    }

    var status: HTTPResponse.Status = .ok
    var contentType: String
    var headers: [(name: HTTPField.Name, value: String)] = []
    var body: Body
    /// Whether the body is in the form in which it has to be sent, and is not compressed.
    var isEncoded = false

    static let json = "application/json"
    static let plainText = "text/plain; charset=utf-8"

    static func json(_ bytes: [UInt8]) -> Answer { Answer(contentType: json, body: .bytes(bytes)) }

    /// A successful answer whose `data` is what `body` appends.
    static func data(warnings: [String] = [], _ body: (inout [UInt8]) -> Void) -> Answer {
        json(Envelope.wrap(warnings: warnings, body))
    }

    static func error(_ error: APIError) -> Answer {
        Answer(status: error.kind.status, contentType: json, body: .bytes(Envelope.error(error)))
    }

    static func text(_ text: String, _ status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status: status, contentType: plainText, body: .bytes(Array(text.utf8)))
    }

    /// An error in plain text, as Go's `http.Error` answers: a line that browsers must not take for anything else.
    static func errorText(_ text: String, _ status: HTTPResponse.Status) -> Answer {
        var answer = Answer.text(text + "\n", status)
        answer.headers.append((.xContentTypeOptions, "nosniff"))
        return answer
    }

    static let unauthorized: Answer = {
        var answer = errorText("Unauthorized", .unauthorized)
        answer.headers.append((.wwwAuthenticate, "Basic"))
        return answer
    }()

    static let notFound = errorText("404 page not found", .notFound)

    static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> Answer {
        var answer = errorText("Method Not Allowed", .methodNotAllowed)
        answer.headers.append((.allow, allowList(allowed)))
        return answer
    }

    static func allowList(_ methods: [HTTPRequest.Method]) -> String {
        (methods + [.options]).map(\.rawValue).sorted().joined(separator: ", ")
    }

    static func redirect(to location: String) -> Answer {
        Answer(status: .found, contentType: "", headers: [(.location, location)], body: .bytes([]))
    }

    static func noContent() -> Answer { Answer(status: .noContent, contentType: "", body: .bytes([])) }
}
