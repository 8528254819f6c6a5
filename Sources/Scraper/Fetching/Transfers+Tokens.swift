import FoundationEssentials
import Model

/// What asks for a token.
struct TokenRequest {
    let oauth2: HTTPClientConfiguration.OAuth2
    /// Whether the client's name and secret go among the parameters; otherwise into the header.
    var isInBody: Bool
    let userAgent: String
}

/// A token, and the transfers that wait for it.
struct Grant {
    let oauth2: HTTPClientConfiguration.OAuth2
    var bearer = ""
    var expiresMs: Int64 = 0
    var isAsking = false
    /// Whether the server has refused the header before, and taken the client in the body.
    var isInBody = false
    var waiting: [Fetch] = []
}

/// OAuth 2 by client credentials.
///
/// 1. A transfer that needs a token takes the one that there is, or waits; the first to wait asks for one.
/// 2. The client is told in the header; a server that refuses that gets another request with all in the body.
/// 3. All that wait go on with the token, or fail for the same reason; each waits for as long as its own time allows.
///
/// - Source: RFC 6749, section 4.4; where the client is told as in Go's `oauth2`.
extension Transfers {
    /// How many tokens are kept.
    private static let grantsMax = 1000
    /// How long before its end a token is no longer used.
    private static let marginMs: Int64 = 10_000
    private static let replyBytesMax = 1 << 20

    /// How long a server may take for a token, whoever waits for it.
    private static let timeoutMs: Int64 = 30_000

    mutating func authorize(_ fetch: Fetch, _ oauth2: HTTPClientConfiguration.OAuth2) {
        let index = grants.firstIndex { $0.oauth2 == oauth2 } ?? addGrant(oauth2)
        if monotonicMs() < grants[index].expiresMs {
            fetch.bearer = grants[index].bearer
            return begin(fetch)
        }
        grants[index].waiting.append(fetch)
        guard !grants[index].isAsking else { return }
        grants[index].isAsking = true
        ask(TokenRequest(oauth2: oauth2, isInBody: grants[index].isInBody, userAgent: fetch.request.userAgent))
    }

    /// Makes room for one more token, in place of the one that ends first where there are many.
    private mutating func addGrant(_ oauth2: HTTPClientConfiguration.OAuth2) -> Int {
        if grants.count >= Transfers.grantsMax {
            let idle = grants.indices.filter { !grants[$0].isAsking }
            if let oldest = idle.min(by: { grants[$0].expiresMs < grants[$1].expiresMs }) { grants.remove(at: oldest) }
        }
        grants.append(Grant(oauth2: oauth2))
        return grants.count - 1
    }

    /// In how many milliseconds the time of the first that waits for a token is over; nil where none waits.
    var tokenWaitMs: Int64? { grants.flatMap(\.waiting).map(\.leftMs).min() }

    /// Ends the waiting of those whose time is over.
    mutating func endWaiting() {
        let nowMs = monotonicMs()
        for index in grants.indices {
            let overdue = grants[index].waiting.filter { $0.endMs <= nowMs }
            guard !overdue.isEmpty else { continue }
            grants[index].waiting.removeAll { $0.endMs <= nowMs }
            fail(overdue, grants[index].oauth2, "context deadline exceeded")
        }
    }

    private func fail(_ waiting: [Fetch], _ oauth2: HTTPClientConfiguration.OAuth2, _ reason: String) {
        let message = "cannot get an OAuth 2 token from \(withoutPassword(oauth2.tokenURL)): \(reason)"
        for fetch in waiting { fetch.complete(.failure(ScrapeFailure(message: message))) }
    }

    private mutating func ask(_ token: TokenRequest) {
        do throws(ScrapeFailure) {
            let asking = Fetch(try request(token)) { _ in }
            asking.tokenRequest = token
            begin(asking)
        } catch {
            finish(token, .failure(error))
        }
    }

    private func request(_ token: TokenRequest) throws(ScrapeFailure) -> FetchRequest {
        let oauth2 = token.oauth2
        let secret = try Fetch.read(oauth2.clientSecret, "client_secret_file")
        var http = HTTPClientConfiguration()
        (http.tls, http.proxy) = (oauth2.tls, oauth2.proxy)
        var parameters = [("grant_type", "client_credentials")]
        if !oauth2.scopes.isEmpty { parameters.append(("scope", oauth2.scopes.joined(separator: " "))) }
        parameters += oauth2.parameters.map { ($0.name, $0.values.first ?? "") }
        if token.isInBody {
            parameters += [("client_id", oauth2.clientID), ("client_secret", secret)]
        } else {
            http.basicAuth = .init(
                username: .text(percentEncoded(oauth2.clientID)), password: .text(percentEncoded(secret)))
        }
        let body = parameters.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        return FetchRequest(
            url: oauth2.tokenURL, timeoutMs: Transfers.timeoutMs, userAgent: token.userAgent, acceptsGzip: false,
            http: http,
            bodyBytesMax: Transfers.replyBytesMax, bodyBytesExpected: 0,
            post: FetchPost(
                body: Array(body.utf8),
                headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]))
    }

    mutating func finish(_ token: TokenRequest, _ result: Result<FetchedPage, ScrapeFailure>) {
        guard let index = grants.firstIndex(where: { $0.oauth2 == token.oauth2 }) else { return }
        if !token.isInBody, case .success(let page) = result, !(200..<300).contains(page.status) {
            var other = token
            other.isInBody = true
            return ask(other)
        }
        let waiting = grants[index].waiting
        grants[index].waiting = []
        grants[index].isAsking = false
        do throws(ScrapeFailure) {
            let (bearer, lifeMs) = try Transfers.token(result)
            grants[index].bearer = bearer
            grants[index].expiresMs = monotonicMs() + lifeMs
            grants[index].isInBody = token.isInBody
            for fetch in waiting {
                fetch.bearer = bearer
                begin(fetch)
            }
        } catch {
            grants[index].isInBody = false
            fail(waiting, token.oauth2, error.message)
        }
    }

    private struct Answer: Decodable {
        var token: String
        var type: String?
        var seconds: Seconds?

        private enum CodingKeys: String, CodingKey {
            case token = "access_token"
            case type = "token_type"
            case seconds = "expires_in"
        }
    }

    /// A number that some servers write as text.
    private struct Seconds: Decodable {
        let value: Double

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                value = number
            } else if let number = Double(try container.decode(String.self)), number.isFinite {
                value = number
            } else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a number")
            }
        }
    }

    /// The `Authorization` header of a token, and how long it may be used.
    private static func token(
        _ result: Result<FetchedPage, ScrapeFailure>
    ) throws(ScrapeFailure) -> (bearer: String, lifeMs: Int64) {
        let page = try result.get()
        guard (200..<300).contains(page.status) else {
            throw ScrapeFailure(message: "server returned HTTP status \(page.status)")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(page.body)),
            !answer.token.isEmpty, !answer.token.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f })
        else { throw ScrapeFailure(message: "expected JSON with an access_token") }
        // A year where nothing is said, or 0, as for what never ends.
        let given = answer.seconds?.value ?? 0
        let seconds = given == 0 ? 31_536_000 : min(max(given, 0), 31_536_000)
        let type = answer.type.flatMap { $0.lowercased() == "bearer" || !isWord($0) ? nil : $0 } ?? "Bearer"
        return ("\(type) \(answer.token)", Int64(seconds * 1000) - marginMs)
    }
}

private func isWord(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
}
