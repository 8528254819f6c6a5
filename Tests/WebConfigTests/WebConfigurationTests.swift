import NIOSSL
import TestSupport
import Testing
import YAML

@testable import WebConfig

@Suite struct WebConfigurationTests {
    private static let hash = "$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm"

    private func load(_ text: String) throws -> WebConfiguration {
        let directory = TemporaryDirectory()
        try writeFile(directory.path + "/web.yml", text)
        return try WebConfiguration.load(path: directory.path + "/web.yml")
    }

    @Test func everythingIsRead() throws {
        let configuration = try load(
            """
            tls_server_config:
              cert_file: a.crt
              key_file: /keys/a.key
              client_ca_file: ca.crt
              client_auth_type: RequireAndVerifyClientCert
              client_allowed_sans: [grafana.example, 10.0.0.1]
              min_version: TLS11
              max_version: TLS12
              cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
              curve_preferences: [CurveP256, X25519]
              prefer_server_cipher_suites: false
            http_server_config:
              http2: false
              headers:
                X-Frame-Options: deny
                Content-Security-Policy: "default-src 'self'"
                X-XSS-Protection: ""
            basic_auth_users:
              admin: \(WebConfigurationTests.hash)
            """)
        let tls = try #require(configuration.tls)
        guard case .file(let certificate) = tls.certificate, case .file("/keys/a.key") = tls.key else {
            throw TestFailure("\(tls)")
        }
        #expect(certificate.hasSuffix("/a.crt") && certificate.hasPrefix("/"))
        #expect(tls.clientPolicy == .requireAndVerify)
        #expect(tls.clientNames == ["grafana.example", "10.0.0.1"])
        #expect(tls.minVersion == .tlsv11 && tls.maxVersion == .tlsv12)
        #expect(tls.ciphers.count == 2 && tls.curves == [.secp256r1, .x25519])
        #expect(configuration.headers.map(\.value) == ["deny", "default-src 'self'"])
        #expect(configuration.users["admin"] == BcryptHash(WebConfigurationTests.hash))
        #expect(configuration.files.count == 3)
    }

    @Test(arguments: [
        "", "tls_server_config:\n", "tls_server_config:\n  min_version: TLS13\n", "basic_auth_users: {}\n",
    ])
    func nothingIsAskedOfAnyoneBy(_ text: String) throws {
        let configuration = try load(text)
        #expect(configuration.tls == nil && configuration.users.isEmpty && configuration.headers.isEmpty)
    }

    private static let faults: [(String, String)] = [
        (
            "tls_server_confg:\n  cert_file: a\n",
            "1:1: unknown key \"tls_server_confg\" in the web configuration; did you mean"
        ),
        (
            "tls_server_config:\n  cert_fil: a\n",
            "2:3: unknown key \"cert_fil\" in tls_server_config; did you mean cert_file?"
        ),
        ("tls_server_config:\n  cert_file: a\n", "2:3: missing one of key or key_file"),
        ("tls_server_config:\n  key: a\n", "2:3: missing one of cert or cert_file"),
        ("tls_server_config:\n  client_auth_type: NoClientCert\n", "missing one of cert or cert_file"),
        ("tls_server_config: {cert: a, cert_file: b, key: c}\n", "at most one of cert and cert_file"),
        ("tls_server_config: {cert: a, key: c, client_ca: d}\n", "without a client_auth_type"),
        (
            "tls_server_config: {cert: a, key: c, client_auth_type: Maybe}\n",
            "expected one of NoClientCert, RequestClientCert"
        ),
        (
            "tls_server_config: {cert: a, key: c, client_auth_type: RequestClientCert, client_allowed_sans: [x]}\n",
            "client_allowed_sans requires"
        ),
        (
            "tls_server_config: {cert: a, key: c, min_version: TLS9}\n",
            "1:51: expected one of TLS10, TLS11, TLS12, TLS13"
        ),
        (
            "tls_server_config: {cert: a, key: c, min_version: TLS13, max_version: TLS12}\n",
            "min_version is above max_version"
        ),
        (
            "tls_server_config: {cert: a, key: c, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}\n",
            "found \"TLS_RSA_WITH_RC4_128_SHA\""
        ),
        ("tls_server_config: {cert: a, key: c, curve_preferences: [P256]}\n", "expected one of CurveP256"),
        ("http_server_config: {http2: maybe}\n", "expected true or false for http2"),
        ("http_server_config: {headers: {Server: x}}\n", "HTTP header \"Server\" can not be configured"),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}\n",
            "expected deny or sameorigin for X-Frame-Options"
        ),
        (
            "http_server_config: {headers: {X-XSS-Protection: \"a\\r\\nb: c\"}}\n",
            "text that can stand in an HTTP header"
        ),
        ("basic_auth_users: {admin: secret}\n", "1:27: expected a bcrypt hash"),
        ("basic_auth_users: [admin]\n", "expected a mapping of names to values for basic_auth_users"),
        ("rate_limit: {interval: often, burst: 2}\n", "1:24: expected a duration such as 1s or 250ms for interval"),
        ("rate_limit: {interval: 1s}\n", "expected a burst of at least 1"),
        ("rate_limit: {interval: 1s, burst: -2}\n", "expected a whole number of at least 0 for burst"),
        ("rate_limit: {intervall: 1s}\n", "did you mean interval?"),
        ("a: [\n", "2:1:"),
        ("[]\n", "expected a mapping of settings"),
    ]

    @Test(arguments: faults) func faultsAreNamedWithTheirPlace(_ text: String, _ message: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        #expect("\(error!)".contains("web.yml:") && "\(error!)".contains(message), "\(error!)")
    }

    @Test func passwordsWrittenByMistakeAreNotPrinted() throws {
        let error = #expect(throws: ConfigurationError.self) { try load("basic_auth_users: {admin: hunter2}\n") }
        #expect(!"\(error!)".contains("hunter2"))
    }
}
