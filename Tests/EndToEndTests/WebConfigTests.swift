import Glibc
import TestSupport
import Testing

/// curl as the client of a server whose door `--web.config.file` closes.
@Suite(.enabled(if: Certificates.openssl != nil && findProgram("curl") != nil, "openssl and curl are not there"))
struct WebConfigTests {
    /// "hunter2"
    private static let user =
        "basic_auth_users:\n  admin: $2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm\n"

    /// A server that runs with flags of its own, in a directory with certificates.
    private final class Server {
        let certificates = Certificates()
        let port: Int
        private var started: ChildProcess?

        var process: ChildProcess {
            get throws {
                guard let started else { throw TestFailure("the server was not started") }
                return started
            }
        }

        var web: String { certificates.path + "/web.yml" }

        init(port: Int) { self.port = port }

        func start(_ flags: [String]) throws {
            try writeFile(certificates.path + "/prometheus.yml", "scrape_configs: []\n")
            let process = try ChildProcess(
                Programs.tsdb,
                [
                    "serve", "--config.file=\(certificates.path)/prometheus.yml",
                    "--storage.tsdb.path=\(certificates.path)/data",
                ] + flags)
            started = process
            try eventually("the server is ready", within: 60) {
                guard process.isRunning else { throw TestFailure("the server ended: \(process.printed)") }
                return process.errors.contains("msg=ready") ? () : nil
            }
        }

        /// Starts with a web configuration.
        func start(web text: String) throws {
            try writeFile(web, text)
            try start(["--web.listen-address=127.0.0.1:\(port)", "--web.config.file=\(web)"])
        }

        /// - Returns: curl's exit status, and what it printed: the answer's head, and its body.
        func curl(_ arguments: [String], scheme: String = "https", path: String = "/-/healthy") throws -> ProgramResult
        {
            try runToEnd(
                findProgram("curl") ?? "curl",
                ["-sS", "-i", "--max-time", "60", "--noproxy", "*"] + arguments
                    + ["\(scheme)://127.0.0.1:\(port)\(path)"])
        }

        func isAnswered(_ arguments: [String]) throws -> Bool {
            let result = try curl(["--cacert", "\(certificates.path)/ca.crt"] + arguments)
            return result.status == 0 && result.output.contains(" 200 OK")
        }

        deinit { started?.finish(SIGKILL) }
    }

    private func makeServer() throws -> Server {
        let server = Server(port: try freePort())
        try server.certificates.makeAuthority("ca")
        try server.certificates.make("server", signedBy: "ca", for: "IP:127.0.0.1,DNS:localhost")
        return server
    }

    private static let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

    @Test func connectionsAreEncryptedWithTheCertificateOfTheMoment() throws {
        let server = try makeServer()
        try server.start(
            web: WebConfigTests.tls + "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n")
        let path = server.certificates.path
        let answer = try server.curl(["--cacert", "\(path)/ca.crt"])
        #expect(answer.output.hasPrefix("HTTP/1.1 200 OK"), "\(answer.printed)")
        #expect(answer.output.lowercased().contains("strict-transport-security: max-age=60"))
        #expect(answer.output.hasSuffix("Prometheus Server is Healthy.\n"))
        // 60: curl does not know the authority.
        #expect(try server.curl([]).status == 60)
        let plain = try server.curl([], scheme: "http")
        #expect(plain.output.contains(" 400 Bad Request"))
        #expect(plain.output.hasSuffix("Client sent an HTTP request to an HTTPS server.\n"), "\(plain.printed)")
        #expect(try server.isAnswered(["--tlsv1.3"]))
        #expect(try server.isAnswered(["--tls-max", "1.2"]))
        #expect(try !server.isAnswered(["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]))

        try server.certificates.makeAuthority("other")
        try server.certificates.make("server", signedBy: "other", for: "IP:127.0.0.1")
        #expect(try server.curl(["--cacert", "\(path)/ca.crt"]).status == 60)
        #expect(try server.curl(["--cacert", "\(path)/other.crt"]).status == 0)
        // A key that is not this certificate's: the pair before it stays.
        try writeFile("\(path)/server.key", try readFile("\(path)/ca.key"))
        #expect(try server.curl(["--cacert", "\(path)/other.crt"]).status == 0)
        #expect(try server.process.errors.contains("web configuration not read again"))
    }

    @Test func clientsAreAskedForCertificatesAsConfigured() throws {
        let server = try makeServer()
        try server.certificates.makeAuthority("stranger")
        try server.certificates.make("known", signedBy: "ca", for: "DNS:grafana.example,IP:10.1.2.3")
        try server.certificates.make("unknown", signedBy: "stranger", for: "DNS:grafana.example")
        let policies: [(policy: String, none: Bool, unknown: Bool, known: Bool)] = [
            ("NoClientCert", true, true, true), ("RequestClientCert", true, true, true),
            ("RequireAnyClientCert", false, true, true), ("VerifyClientCertIfGiven", true, false, true),
            ("RequireAndVerifyClientCert", false, false, true),
            ("RequireAnyClientCert\n  client_allowed_sans: [a, grafana.example]", false, true, true),
            ("RequireAnyClientCert\n  client_allowed_sans: [10.1.2.3]", false, false, true),
            ("RequireAndVerifyClientCert\n  client_allowed_sans: [grafana.example]", false, false, true),
            ("RequireAndVerifyClientCert\n  client_allowed_sans: [example, 10.1.2.4]", false, false, false),
            ("RequireAndVerifyClientCert\n  max_version: TLS12\n  client_allowed_sans: [x]", false, false, false),
        ]
        func certificate(_ name: String) -> [String] {
            let path = server.certificates.path
            return ["--cert", "\(path)/\(name).crt", "--key", "\(path)/\(name).key"]
        }
        for (index, expected) in policies.enumerated() {
            let authority = expected.policy == "NoClientCert" ? "" : "  client_ca_file: ca.crt\n"
            let text = WebConfigTests.tls + "  client_auth_type: \(expected.policy)\n" + authority
            if index == 0 { try server.start(web: text) } else { try writeFile(server.web, text) }
            #expect(try server.isAnswered([]) == expected.none, "\(expected.policy)")
            #expect(try server.isAnswered(certificate("unknown")) == expected.unknown, "\(expected.policy)")
            #expect(try server.isAnswered(certificate("known")) == expected.known, "\(expected.policy)")
        }
    }

    @Test func ciphersAndCurvesAreTheConfiguredOnes() throws {
        let server = try makeServer()
        try server.start(
            web: WebConfigTests.tls + """
                  max_version: TLS12
                  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
                  curve_preferences: [CurveP384]
                """)
        #expect(try server.isAnswered(["--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"]))
        #expect(try !server.isAnswered(["--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"]))
        #expect(try !server.isAnswered(["--tlsv1.3"]))
        // The certificate is of P-256, which a client of TLS 1.2 has to know too.
        #expect(try server.isAnswered(["--curves", "P-384:P-256"]))
        #expect(try !server.isAnswered(["--curves", "P-256:X25519"]))
    }

    @Test func everyPathAsksForThePassword() throws {
        let server = try makeServer()
        try server.start(web: WebConfigTests.user)
        for path in ["/", "/metrics", "/-/healthy", "/api/v1/query?query=1", "/nothing"] {
            let refused = try server.curl([], scheme: "http", path: path)
            #expect(refused.output.hasPrefix("HTTP/1.1 401 Unauthorized"), "\(path)")
            #expect(refused.output.lowercased().contains("www-authenticate: basic\r\n"))
            #expect(refused.output.hasSuffix("\r\n\r\nUnauthorized\n"))
        }
        for wrong in ["admin:hunter3", "admin:", "root:hunter2", ":", "admin:hunter2x"] {
            let refused = try server.curl(["-u", wrong], scheme: "http")
            #expect(refused.output.hasPrefix("HTTP/1.1 401"), "\(wrong)")
        }
        let answer = try server.curl(["-u", "admin:hunter2"], scheme: "http", path: "/api/v1/query?query=1")
        #expect(answer.output.hasPrefix("HTTP/1.1 200"))
        let unknown = try server.curl(["-u", "admin:hunter2"], scheme: "http", path: "/nothing")
        #expect(unknown.output.hasPrefix("HTTP/1.1 404"))
    }

    @Test func aFaultyFileIsRefusedAtTheStart() throws {
        let server = try makeServer()
        let error = #expect(throws: TestFailure.self) { try server.start(web: "basic_auth_user: {}\n") }
        #expect("\(error!)".contains("web.yml:1:1: unknown key \"basic_auth_user\""), "\(error!)")
        #expect(try server.process.wait() == 1)
    }

    @Test func severalAddressesAnswerBehindThePrefix() throws {
        let server = Server(port: try freePort())
        let other = try freePort()
        try server.start([
            "--web.listen-address=127.0.0.1:\(server.port)", "--web.listen-address=0.0.0.0:\(other)",
            "--web.external-url=https://example.com/prom/", "--web.page-title=a <b>",
        ])
        for port in [server.port, other] {
            let connection = try HTTPConnection(port: port)
            #expect(try connection.request("GET", "/prom/-/healthy").status == 200)
            #expect(try connection.request("GET", "/-/healthy").status == 404)
            #expect(try connection.request("GET", "/").header("Location") == "/prom/")
            #expect(try connection.request("GET", "/prom/").text.contains("<title>a &lt;b&gt;</title>"))
        }
        let log = try server.process.errors
        #expect(log.contains("127.0.0.1, port \(server.port); 0.0.0.0, port \(other)"), "\(log)")
        #expect(log.split(separator: "--web.config.file").count == 2, "\(log)")
    }
}
