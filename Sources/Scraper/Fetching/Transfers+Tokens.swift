import FoundationEssentials
import Model

/// What asks for a token.
struct TokenRequest {
    let oauth2: HTTPClientConfiguration.OAuth2
    /// Whether the client's name and secret go among the parameters; otherwise into the header.
    let isInBody: Bool
}

/// A token, and the transfers that wait for it.
struct Grant {
    let oauth2: HTTPClientConfiguration.OAuth2
    var bearer = ""
    var expiresMs: Int64 = 0
    var waiting: [Fetch] = []
}

/// OAuth 2 by client credentials.
///
/// 1. A transfer that needs a token takes the one that there is, or waits; the first to wait asks for one.
/// 2. The client is told in the header; a server that refuses that gets another request with all in the body.
/// 3. All that wait go on with the token, or fail for the same reason.
///
/// - Source: RFC 6749, section 4.4; where the client is told as in Go's `oauth2`.
extension Transfers {
    /// How many tokens are kept.
    private static let grantsMax = 64
    /// How long before its end a token is no longer used.
    private static let marginMs: Int64 = 10_000
    private static let replyBytesMax = 1 << 20

    mutating func authorize(_ fetch: Fetch, _ oauth2: HTTPClientConfiguration.OAuth2) {
        if grants.count >= Transfers.grantsMax { grants.removeAll { $0.waiting.isEmpty } }
        let index = grants.firstIndex { $0.oauth2 == oauth2 } ?? grants.count
        if index == grants.count { grants.append(Grant(oauth2: oauth2)) }
        if monotonicMs() < grants[index].expiresMs {
            fetch.bearer = grants[index].bearer
            return begin(fetch)
        }
        grants[index].waiting.append(fetch)
        if grants[index].waiting.count == 1 { ask(TokenRequest(oauth2: oauth2, isInBody: false), like: fetch) }
    }

    private mutating func ask(_ token: TokenRequest, like fetch: Fetch) {
        do throws(ScrapeFailure) {
            let request = try request(token, like: fetch)
            let asking = Fetch(request) { _ in }
            asking.tokenRequest = token
            begin(asking)
        } catch {
            finish(token, .failure(error))
        }
    }

    private func request(_ token: TokenRequest, like fetch: Fetch) throws(ScrapeFailure) -> FetchRequest {
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
                username: percentEncoded(oauth2.clientID), password: .text(percentEncoded(secret)))
        }
        let body = parameters.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        return FetchRequest(
            url: oauth2.tokenURL, timeoutMs: fetch.leftMs, userAgent: fetch.request.userAgent, acceptsGzip: false,
            http: http, bodyBytesMax: Transfers.replyBytesMax, bodyBytesExpected: 0,
            post: FetchPost(
                body: Array(body.utf8),
                headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]))
    }

    mutating func finish(_ token: TokenRequest, _ result: Result<FetchedPage, ScrapeFailure>) {
        guard let index = grants.firstIndex(where: { $0.oauth2 == token.oauth2 }) else { return }
        if !token.isInBody, case .success(let page) = result, page.status != 200,
            let first = grants[index].waiting.first
        {
            return ask(TokenRequest(oauth2: token.oauth2, isInBody: true), like: first)
        }
        let waiting = grants[index].waiting
        grants[index].waiting = []
        do throws(ScrapeFailure) {
            let (bearer, lifeMs) = try Transfers.token(result)
            grants[index].bearer = bearer
            grants[index].expiresMs = monotonicMs() + lifeMs
            for fetch in waiting {
                fetch.bearer = bearer
                begin(fetch)
            }
        } catch {
            let reason = "cannot get an OAuth 2 token from \(withoutPassword(token.oauth2.tokenURL)): \(error.message)"
            for fetch in waiting { fetch.complete(.failure(ScrapeFailure(message: reason))) }
        }
    }

    private struct Answer: Decodable {
        var token: String
        var type: String?
        var seconds: Double?

        private enum CodingKeys: String, CodingKey {
            case token = "access_token"
            case type = "token_type"
            case seconds = "expires_in"
        }
    }

    /// The `Authorization` header of a token, and how long it may be used.
    private static func token(
        _ result: Result<FetchedPage, ScrapeFailure>
    ) throws(ScrapeFailure) -> (bearer: String, lifeMs: Int64) {
        let page = try result.get()
        guard page.status == 200 else {
            throw ScrapeFailure(message: "server returned HTTP status \(page.status)")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(page.body)),
            !answer.token.isEmpty, !answer.token.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f })
        else { throw ScrapeFailure(message: "expected JSON with an access_token") }
        // A year where nothing is said, as for what never ends.
        let seconds = min(max(answer.seconds ?? 31_536_000, 0), 31_536_000)
        let type = answer.type.flatMap { $0.lowercased() == "bearer" || !isWord($0) ? nil : $0 } ?? "Bearer"
        return ("\(type) \(answer.token)", Int64(seconds * 1000) - marginMs)
    }
}

private func isWord(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
}
