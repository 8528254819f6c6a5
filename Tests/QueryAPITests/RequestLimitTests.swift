import Model
import TestSupport
import Testing

@testable import QueryAPI

/// What a client may send, and what it is told where it sends anything else. Statuses and texts are those of Prometheus 3.5.
@Suite struct RequestLimitTests {
    private static let form = "Content-Type: application/x-www-form-urlencoded\r\n"
    private static let long = String(repeating: "a", count: 1 << 20)

    private static func post(_ headers: String, _ body: String) -> String {
        "POST /api/v1/query HTTP/1.1\r\nHost: x\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static let exchanges: [(request: String, status: Int, text: String)] = [
        ("GET /api/v1/query?time=1&query=\(long) HTTP/1.1\r\nHost: x\r\n\r\n", 200, "[]"),
        (post(form, "time=1&query=\(long)"), 200, "[]"),
        ("GET /-/healthy HTTP/1.1\r\nX: \(long)\(long)\r\n\r\n", 431, "431 Request Header Fields Too Large"),
        ("GET /\(long)\(long) HTTP/1.1\r\nHost: x\r\n\r\n", 431, "431 Request Header Fields Too Large"),
        (
            "GET /-/healthy HTTP/1.1\r\n\(String(repeating: "A: b\r\n", count: 2000))\r\n", 431,
            "431 Request Header Fields Too Large"
        ),
        ("GET /-/healthy HTTP/1.1\r\n\(String(repeating: "A: b\r\n", count: 300))\r\n", 200, "Healthy"),
        ("\u{1}\u{2}\r\n\r\n", 400, "400 Bad Request"),
        ("GET /-/healthy\r\n\r\n", 400, "400 Bad Request"),
        ("GET /-/healthy HTTP/1.1\r\nA : b\r\n\r\n", 400, "400 Bad Request"),
        ("GET /-/healthy HTTP/1.1\r\nAAA\r\n\r\n", 400, "400 Bad Request"),
        ("POST /api/v1/query HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400, "400 Bad Request"),
        ("POST /api/v1/query HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400, "400 Bad Request"),
        ("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 page not found"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 page not found"),
        ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 page not found"),
        ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 page not found"),
        ("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 404, "404 page not found"),
        ("GET http://other/api/v1/query?query=1&time=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, #"[1,"1"]"#),
        ("GET /api/v1/query?query=%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "unexpected character: '\u{fffd}'"),
        ("GET /api/v1/series?match[]=%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "unexpected character: '\u{fffd}'"),
        ("GET /api/v1/query?query=1;time=1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "no expression found in input"),
        (post(form, "query=%ff"), 400, "unexpected character: '\u{fffd}'"),
        (post("Content-Type: application/json\r\n", #"{"query":"1"}"#), 400, "no expression found in input"),
        (post("", "query=1"), 400, "no expression found in input"),
        (post("Content-Type: ;;;\r\n", "query=1"), 400, "no expression found in input"),
        (post("Content-Type: Application/X-WWW-Form-Urlencoded ; a=b\r\n", "query=1&time=1"), 200, #"[1,"1"]"#),
        ("PATCH /api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Method Not Allowed"),
        ("TRACE /api/v1/query HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Method Not Allowed"),
        ("POST /-/healthy HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405, "Method Not Allowed"),
    ]

    @Test(arguments: exchanges.indices) func everyRequestHasItsAnswer(_ index: Int) async throws {
        let exchange = RequestLimitTests.exchanges[index]
        try await withServer { port in
            let client = try HTTPClient(port: port, receiveTimeoutSeconds: 60)
            // What the server does not take once it has answered is its business.
            try? await client.send(exchange.request)
            let answer = try await client.receive()
            let request = exchange.request.prefix(80)
            #expect(answer.status == exchange.status, "\(request)")
            #expect(answer.text.contains(exchange.text), "\(request): \(answer.text.prefix(200))")
            #expect(try await get(port, "/-/healthy").status == 200)
        }
    }

    @Test func headAnswersAsGetDoesWithoutABody() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            let get = try await client.request("GET", "/-/healthy")
            let head = try await client.request("HEAD", "/-/healthy")
            #expect(head.status == 200 && head.header("Content-Length") == get.header("Content-Length"))
            let refused = try await client.request("HEAD", "/api/v1/query?query=1")
            #expect(refused.status == 405 && refused.header("Allow") == "GET, OPTIONS, POST")
            // Had a body come, this answer would be read out of it.
            #expect(try await client.request("GET", "/-/ready").status == 200)
        }
    }

    @Test func theBodyIsAskedForWhereTheClientWaits() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port, receiveTimeoutSeconds: 60)
            try await client.send(
                "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 14\r\n"
                    + RequestLimitTests.form + "\r\n")
            #expect(try await client.receive().status == 100)
            try await client.send("query=1&time=1")
            let answer = try await client.receive()
            #expect(answer.status == 200 && answer.text.contains(#"[1,"1"]"#))
        }
    }

    @Test func oldClientsLearnTheEndFromTheConnection() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port, receiveTimeoutSeconds: 60)
            try await client.send("GET /-/healthy HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try await client.receive().header("Connection") == "keep-alive")
            // More than one chunk, of which this client knows nothing.
            let query = (1...8).map { "label_replace(temp*1.000001,%22n%22,%22\($0)%22,%22%22,%22%22)" }
                .joined(separator: "%20or%20")
            try await client.send(
                "GET /api/v1/query_range?query=\(query)&start=1700000000&end=1700009000&step=1 HTTP/1.0\r\n\r\n")
            let answer = try await client.receive()
            #expect(answer.status == 200 && answer.header("Transfer-Encoding") == nil)
            #expect(answer.header("Connection") == "close")
            let body = try await client.receiveToEnd()
            #expect(body.count > 900_000)
            #expect(String(decoding: body, as: UTF8.self).hasSuffix("]}}"), "\(body.count)")
        }
    }

    @Test func aRequestThatTricklesInIsDropped() async throws {
        try await withServer {
            $0.options.readTimeoutSeconds = 1
        } _: { port in
            let beginnings = [
                "GET /-/healthy HTTP/1.1\r\nX: ",
                "POST /api/v1/labels HTTP/1.1\r\nContent-Length: 100000\r\n\(RequestLimitTests.form)\r\n",
                // Its body is for nobody.
                "GET /-/healthy HTTP/1.1\r\nContent-Length: 100000\r\n\r\n",
            ]
            for beginning in beginnings {
                let client = try HTTPClient(port: port)
                try await client.send(beginning)
                let begun = ContinuousClock.now
                var isOpen = true
                while isOpen, ContinuousClock.now - begun < .seconds(60) {
                    try await Task.sleep(for: .milliseconds(50))
                    do { try await client.send("a") } catch { isOpen = false }
                }
                #expect(!isOpen, "\(beginning)")
            }
        }
    }

    @Test func aClientThatTakesNothingIsDropped() async throws {
        try await withServer(TransportTests.bigStore) {
            $0.options.readTimeoutSeconds = 1
            $0.options.connectionsMax = 1
        } _: { port in
            let slow = try HTTPClient(port: port)
            // 60 MB, more than the system's buffers take.
            let request = "GET \(TransportTests.bigTarget) HTTP/1.1\r\nHost: x\r\n\r\n"
            try await slow.send(String(repeating: request, count: 30))
            // Only one connection is served at a time, so that this one waits for the end of the other.
            let next = try HTTPClient(port: port, receiveTimeoutSeconds: 60)
            #expect(try await next.request("GET", "/-/healthy").status == 200)
            withExtendedLifetime(slow) {}
        }
    }
}
