import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Scraper

/// How requests are made: who the client says it is, by which way, and what it asks for.
@Suite struct ScrapeClientTests {
    private let directory = TemporaryDirectory()

    private func token(_ text: String, seconds: String = "3600", status: String = "200 OK") -> [ScriptedServer.Step] {
        ScriptedServer.page(
            #"{"access_token": "\#(text)", "token_type": "bearer", "expires_in": \#(seconds)}"#,
            contentType: "application/json", status: status)
    }

    private func oauth2(_ port: Int) -> String {
        "  oauth2: {client_id: me, client_secret: hidden-word, scopes: [a, b], token_url: 'http://127.0.0.1:\(port)/token'}"
    }

    @Test func aTokenIsAskedForOnceAndSentWithEveryScrape() async throws {
        let server = try ScriptedServer { request, _ in
            request.contains(" /token ") ? token("t-1") : ScriptedServer.page("a 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, interval: "2s", timeout: "2s", more: oauth2(server.port))
        try await harness.wait("three scrapes") { harness.report("up", server.port).count { $0.value == 1 } >= 3 }
        await harness.manager.stop()
        let (asked, scraped) = (server.requests.filter { $0.hasPrefix("POST /token ") }, server.requests.dropFirst())
        #expect(asked.count == 1)
        // "me:hidden-word"
        #expect(asked.first?.contains("Authorization: Basic bWU6aGlkZGVuLXdvcmQ=\r\n") == true, "\(asked)")
        #expect(asked.first?.contains("Content-Type: application/x-www-form-urlencoded\r\n") == true)
        #expect(scraped.allSatisfy { $0.contains("Authorization: Bearer t-1\r\n") })
    }

    @Test(arguments: ["0", #""3599""#, "null"])
    func aTokenLastsHoweverItIsSaid(seconds: String) async throws {
        let server = try ScriptedServer { request, _ in
            request.contains(" /token ")
                ? token("t-1", seconds: seconds, status: "201 Created") : ScriptedServer.page("a 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, interval: "2s", timeout: "2s", more: oauth2(server.port))
        try await harness.wait("two scrapes") { harness.report("up", server.port).count { $0.value == 1 } >= 2 }
        await harness.manager.stop()
        #expect(server.requests.count { $0.hasPrefix("POST ") } == 1)
    }

    /// However short the scrape's own time is.
    @Test func aTokenMayTakeLongerThanAScrape() async throws {
        let server = try ScriptedServer { request, _ in
            request.contains(" /token ") ? [.sleep(milliseconds: 1500)] + token("t-1") : ScriptedServer.page("a 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, more: oauth2(server.port))
        let late = "cannot get an OAuth 2 token from http://127.0.0.1:\(server.port)/token: context deadline exceeded"
        try await harness.wait("a scrape with the token") { harness.target?.health == .up }
        await harness.manager.stop()
        #expect(harness.report("up", server.port).first?.value == 0)
        #expect(harness.log.lines.contains { $0.contains(late) }, "\(harness.log.lines)")
        #expect(server.requests.count { $0.hasPrefix("POST ") } == 1)
    }

    @Test func everyClientKeepsItsToken() throws {
        let server = try ScriptedServer { request, _ in
            request.contains(" /token ") ? token("t-1") : ScriptedServer.page("a 1\n")
        }
        defer { server.close() }
        let session = HTTPSession()
        let answered = Mutex((all: 0, good: 0))
        let url = "http://127.0.0.1:\(server.port)/"
        for number in 0..<200 {
            var http = HTTPClientConfiguration()
            http.oauth2 = .init(
                clientID: "c\(number % 100)", clientSecret: .text("s"), tokenURL: url + "token")
            let request = HTTPPost(
                url: url, timeoutMs: 20_000, userAgent: "t", http: http, headers: [], body: nil, replyBytesMax: 100)
            session.start(request) { result in
                answered.withLock { $0 = ($0.all + 1, $0.good + ((try? result.get()) == nil ? 0 : 1)) }
            }
            // Its own time ends each.
            while answered.withLock({ $0.all }) <= number { session.poll(timeoutMs: 100) }
            try #require(answered.withLock { $0.good } == number + 1)
        }
        #expect(server.requests.count { $0.hasPrefix("POST ") } == 100)
    }

    @Test func aServerMayWantTheClientInTheBodyAndTokensEnd() async throws {
        let server = try ScriptedServer { request, count in
            guard request.contains(" /token ") else { return ScriptedServer.page("a 1\n") }
            return request.contains("Authorization:")
                ? ScriptedServer.page("{}", status: "401 Unauthorized") : token("t-\(count)", seconds: "5")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, interval: "2s", timeout: "2s", more: oauth2(server.port))
        try await harness.wait("two scrapes") { harness.report("up", server.port).count { $0.value == 1 } >= 2 }
        await harness.manager.stop()
        let bearers = server.requests.filter { $0.hasPrefix("GET ") }.compactMap { request in
            request.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Authorization:") }
        }
        #expect(bearers.prefix(2) == ["Authorization: Bearer t-1", "Authorization: Bearer t-2"])
    }

    @Test(arguments: [
        ("500 Oops", "{}", "server returned HTTP status 500"), ("200 OK", "no", "expected JSON with an access_token"),
        ("200 OK", #"{"access_token": "a\nb"}"#, "expected JSON with an access_token"),
    ])
    func withoutATokenTheScrapeFails(status: String, body: String, reason: String) async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page(body, status: status) }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, more: oauth2(server.port))
        let expected = "cannot get an OAuth 2 token from http://127.0.0.1:\(server.port)/token: \(reason)"
        try await harness.wait(reason) { harness.target?.lastError == expected }
        await harness.manager.stop()
        #expect(!server.requests.contains { $0.hasPrefix("GET ") })
        #expect(!harness.log.lines.contains { $0.contains("hidden-word") })
    }

    @Test func secretsInFilesAreReadForEveryScrape() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\n") }
        defer { server.close() }
        try writeFile(directory.path + "/c", "one\n")
        try writeFile(directory.path + "/h", "h-one\n")
        let harness = Harness()
        try harness.scrape(
            port: server.port,
            more: """
                  authorization: {credentials_file: \(directory.path)/c}
                  http_headers: {X-H: {values: [v], files: [\(directory.path)/h]}}
                  enable_compression: false
                  scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
                """)
        try await harness.wait("a scrape") { !server.requests.isEmpty }
        try writeFile(directory.path + "/c", "two\n")
        try writeFile(directory.path + "/h", "h-two\n")
        try await harness.wait("the other secret") {
            server.requests.contains {
                $0.contains("Authorization: Bearer two\r\n") && $0.contains("X-H: v\r\n")
                    && $0.contains("X-H: h-two\r\n")
            }
        }
        await harness.manager.stop()
        let first = try #require(server.requests.first)
        #expect(first.contains("Authorization: Bearer one\r\n") && first.contains("X-H: h-one\r\n"), "\(first)")
        #expect(!first.contains("Accept-Encoding"))
        #expect(
            first.contains(
                "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.4\r\n"), "\(first)")
    }

    @Test func aProxyIsAskedUnlessTheTargetIsExcepted() async throws {
        let server = try ScriptedServer { request, _ in
            request.hasPrefix("CONNECT ")
                ? ScriptedServer.page("", status: "403 Forbidden") : ScriptedServer.page("a 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        harness.manager.apply(
            try Configuration.parse(
                text: """
                    global: {scrape_interval: 400ms, scrape_timeout: 400ms}
                    scrape_configs:
                    - job_name: by proxy
                      proxy_url: 127.0.0.1:\(server.port)
                      proxy_connect_header: {X-P: [p-1]}
                      static_configs: [{targets: ['example.test:1']}]
                    - job_name: excepted
                      proxy_url: http://127.0.0.1:\(server.port)
                      no_proxy: 127.0.0.0/8
                      static_configs: [{targets: ['127.0.0.1:\(server.port)']}]
                    - job_name: tunnel
                      scheme: https
                      proxy_url: http://u:hidden-word@127.0.0.1:\(server.port)
                      proxy_connect_header: {X-P: [p-1]}
                      static_configs: [{targets: ['example.test:2']}]
                    """, file: "p.yml"))
        try await harness.wait("all") { harness.manager.activeTargets().map(\.health) == [.up, .up, .down] }
        try await harness.wait("a request for a tunnel") { server.requests.contains { $0.hasPrefix("CONNECT ") } }
        await harness.manager.stop()
        let plain = server.requests.filter { $0.hasPrefix("GET http://example.test:1/metrics ") }
        #expect(!plain.isEmpty && !plain.contains { $0.contains("X-P:") }, "\(plain)")
        #expect(server.requests.contains { $0.hasPrefix("GET /metrics ") })
        #expect(server.requests.contains { $0.hasPrefix("CONNECT example.test:2 ") && $0.contains("X-P: p-1\r\n") })
        let shown = harness.log.lines + harness.manager.activeTargets().map(\.lastError)
        #expect(!shown.contains { $0.contains("hidden-word") }, "\(shown)")
    }

    /// Nobody listens at port 1.
    @Test func passwordsOfURLsAreNowhereShown() async throws {
        let harness = Harness()
        harness.manager.apply(
            try Configuration.parse(
                text: """
                    global: {scrape_interval: 400ms, scrape_timeout: 400ms}
                    scrape_configs:
                    - job_name: proxy
                      proxy_url: u:hidden-word@127.0.0.1:1
                      static_configs: [{targets: ['example.test:1']}]
                    - job_name: token
                      oauth2: {client_id: a, client_secret: b, token_url: 'http://u:hidden-word@127.0.0.1:1/'}
                      static_configs: [{targets: ['127.0.0.1:1']}]
                      http_sd_configs: [{url: 'http://u:hidden-word@127.0.0.1:1/'}]
                    """, file: "p.yml"))
        try await harness.wait("all") { harness.manager.activeTargets().map(\.health) == [.down, .down] }
        try await harness.wait("discovery") { harness.metric("prometheus_sd_http_failures_total") ?? 0 >= 1 }
        await harness.manager.stop()
        let errors = harness.manager.activeTargets().map(\.lastError)
        #expect(errors[0] == #"Get "http://example.test:1/metrics": connection to proxy 127.0.0.1:1 refused"#)
        #expect(
            errors[1]
                == #"cannot get an OAuth 2 token from http://<secret>@127.0.0.1:1/: Post "#
                + #""http://<secret>@127.0.0.1:1/": connection to 127.0.0.1:1 refused"#)
        let shown = harness.log.lines + harness.manager.scrapePools().compactMap(harness.manager.configuration(ofPool:))
        #expect(!shown.contains { $0.contains("hidden-word") }, "\(shown)")
    }

    @Test(arguments: [
        ("http://u:p@h:1/x?y=a@b", "http://<secret>@h:1/x?y=a@b"), ("http://h/x?y=a@b", "http://h/x?y=a@b"),
        ("u:p@h:1", "<secret>@h:1"), ("h:1", "h:1"), ("http://u:p@q@h", "http://<secret>@h"),
    ])
    func theUserAndPasswordAreInTheAuthority(url: String, shown: String) {
        #expect(withoutPassword(url) == shown)
    }

    @Test func theEnvironmentSaysWhichProxyIsAsked() {
        var proxy = HTTPClientConfiguration.Proxy()
        let environment = ["http_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2", "NO_PROXY": "x"]
        #expect(proxy.route(to: "http://h/") { environment[$0] } == "")
        proxy.isFromEnvironment = true
        #expect(proxy.route(to: "http://h/") { environment[$0] } == "http://p:1")
        #expect(proxy.route(to: "https://h/") { environment[$0] } == "http://q:2")
        #expect(proxy.route(to: "https://x/") { environment[$0] } == "")
        #expect(proxy.route(to: "https://h/") { _ in nil } == "")
    }

    /// As `golang.org/x/net/http/httpproxy` takes them.
    @Test(arguments: [
        ("", "http://h/", true), ("", "http://localhost/", true), ("x", "http://localhost:9/", false),
        ("x", "http://127.1.2.3/", false), ("x", "http://[::1]:9/", false), ("a, *", "http://h/", false),
        ("a.b", "http://a.b/", false), ("a.b", "http://c.A.b:9/", false), ("a.b", "http://xa.b/", true),
        (".a.b", "http://a.b/", true), (".a.b", "http://c.a.b/", false), ("*.a.b", "http://a.b/", true),
        ("*.a.b", "http://c.a.b/", false), ("a.b:9", "http://a.b:9/", false), ("a.b:9", "http://a.b/", true),
        ("a.b:443", "https://u:p@a.b/x", false), ("a.b:80", "https://a.b/", true), (":9", "http://a.b:9/", true),
        ("10.0.0.0/9", "http://10.127.0.1/", false), ("10.0.0.0/9", "http://10.128.0.1/", true),
        ("10.0.0.0/33", "http://10.0.0.1/", true), ("10.0.0.1", "http://10.0.0.1:9/", false),
        ("10.0.0.1:8", "http://10.0.0.1:9/", true), ("fd00::/8", "http://[fd12::1]:9/", false),
        ("fd12::1", "http://[fd12::1]/", false), ("[fd12::1]:9", "http://[fd12::1]:9/", false),
        ("[fd12::1]:8", "http://[fd12::1]:9/", true), ("10.0.0.0/8", "http://a.b/", true), (",,", "http://h/", true),
    ])
    func exceptionsAreReadAsGoReadsThem(exceptions: String, url: String, isProxied: Bool) {
        var proxy = HTTPClientConfiguration.Proxy()
        (proxy.url, proxy.exceptions) = ("http://p:1", exceptions)
        #expect(proxy.route(to: url) { _ in nil } == (isProxied ? "http://p:1" : ""))
    }
}

/// Scrapes over TLS of a server that wants to see a certificate.
@Suite(.enabled(if: Certificates.openssl != nil, "no openssl on the PATH")) struct ScrapeTLSTests {
    private let certificates = Certificates()

    private func text(_ name: String) throws -> String {
        let lines = try readText(certificates.path + "/" + name).split(separator: "\n")
        return "|\n" + lines.map { "      \($0)\n" }.joined()
    }

    /// A server with a certificate for other.test, which speaks TLS 1.2 only.
    private func serve() throws -> (process: ChildProcess, port: Int) {
        try certificates.makeAuthority("ca")
        try certificates.make("server", signedBy: "ca", for: "DNS:other.test")
        try certificates.make("client", signedBy: "ca", for: "DNS:client")
        try writeFile(certificates.path + "/metrics", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\na 1\n")
        let port = try freePort()
        let process = try ChildProcess(
            "/bin/sh",
            [
                "-c",
                "cd \(certificates.path) && exec \(Certificates.openssl ?? "") s_server -HTTP -accept 127.0.0.1:\(port) "
                    + "-cert server.crt -key server.key -CAfile ca.crt -Verify 1 -verify_return_error -no_tls1_3",
            ])
        try eventually("openssl listens") {
            guard process.isRunning else { throw TestFailure("openssl ended: \(process.printed)") }
            return process.output.contains("ACCEPT") ? () : nil
        }
        return (process, port)
    }

    @Test func everySettingOfTLSCounts() async throws {
        let (server, port) = try serve()
        defer { server.finish(SIGKILL) }
        let harness = Harness()
        /// Waits until a scrape with these settings has this outcome.
        func expect(_ health: TargetStatus.Health, _ settings: String, at place: SourceLocation = #_sourceLocation)
            async throws
        {
            try harness.scrape(
                port: port, interval: "1s", timeout: "1s", more: "  scheme: https\n  tls_config:\n\(settings)")
            let before = harness.target?.lastScrape
            let isLate = "context deadline exceeded"
            try await harness.wait(
                "\(health)",
                {
                    guard let target = harness.target, target.lastScrape != before else { return false }
                    return target.health == health && !target.lastError.contains(isLate)
                }, at: place)
        }
        let ca = "    ca: \(try text("ca.crt"))"
        let client = "    cert: \(try text("client.crt"))    key: \(try text("client.key"))"
        let files =
            "    ca_file: \(certificates.path)/ca.crt\n    cert_file: \(certificates.path)/client.crt\n"
            + "    key_file: \(certificates.path)/client.key\n"
        let name = "    server_name: other.test\n"
        try await expect(.up, ca + client + name)
        for bad in [ca + client, client + name, ca + name, files + name + "    min_version: TLS13\n"] {
            try await expect(.down, bad)
        }
        try await expect(.up, files + name + "    min_version: TLS12\n")
        try await expect(.down, files + name + "    max_version: TLS11\n")
        try await expect(.up, client + "    insecure_skip_verify: true\n")
        await harness.manager.stop()
        #expect(!harness.log.lines.contains { $0.contains("PRIVATE KEY") })
    }

    private static let python = findProgram("python3")

    /// Answers with a target that bears what was asked; by way of /far and /near, which lead to it.
    private static let listing = """
        import http.server, json, ssl, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                port = self.server.server_address[1]
                place = {"/far": "https://127.0.0.1:%d/list" % port, "/near": "list"}.get(self.path)
                self.send_response(302 if place else 200)
                if place: self.send_header("Location", place)
                self.send_header("Content-Type", "application/json")
                labels = {"host": self.headers["Host"], "auth": self.headers["Authorization"] or "", "x": self.headers["X-A"]}
                body = b"" if place else json.dumps([{"targets": ["h:1"], "labels": labels}]).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *_): pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("server.crt", "server.key")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """

    /// With `server_name` the certificate is looked at under that name, wherever a redirect leads, and all else is as the
    /// URL says: its user and password are no part of the host.
    @Test(.enabled(if: python != nil, "no python3 on the PATH"), arguments: ["list", "near", "far"])
    func theNameOfTheServerIsForItsCertificateAlone(path: String) async throws {
        try certificates.makeAuthority("ca")
        try certificates.make("server", signedBy: "ca", for: "DNS:other.test")
        let server = try ChildProcess(
            "/bin/sh",
            ["-c", "cd \(certificates.path) && exec \(Self.python ?? "") -c \"$0\"", Self.listing])
        defer { server.finish(SIGKILL) }
        let port = try eventually("python listens") { () -> String? in
            guard server.isRunning else { throw TestFailure("python ended: \(server.printed)") }
            return server.output.split(separator: "\n").first.map(String.init)
        }
        let harness = Harness()
        try harness.discover(
            """
              http_sd_configs:
              - url: https://me:word@127.0.0.1:\(port)/\(path)
                refresh_interval: 20s
                http_headers: {X-A: {values: [kept]}}
                tls_config: {ca_file: '\(certificates.path)/ca.crt', server_name: other.test}
            """)
        try await harness.wait("an answer") { !harness.targetLabels.isEmpty || harness.lines("error") > 0 }
        #expect(harness.log.lines.filter { $0.hasPrefix("error") } == [])
        // Absolute redirects have no user.
        let auth = path == "far" ? "" : #"auth="Basic bWU6d29yZA==", "#
        #expect(
            harness.targetLabels
                == ["{\(auth)host=\"127.0.0.1:\(port)\", instance=\"h:1\", x=\"kept\"}"])
        await harness.manager.stop()
    }
}
