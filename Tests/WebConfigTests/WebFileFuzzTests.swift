import TestSupport
import Testing

@testable import WebConfig

@Suite struct WebFileFuzzTests {
    private static let file = """
        tls_server_config:
          cert_file: a.crt
          key: k
          client_auth_type: RequireAndVerifyClientCert
          client_ca_file: ca.crt
          client_allowed_sans: [a, b]
          min_version: TLS12
          cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
          curve_preferences: [CurveP256]
        http_server_config: {http2: true, headers: {X-Frame-Options: deny, Content-Security-Policy: "a"}}
        basic_auth_users:
          admin: $2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm
        rate_limit: {interval: 1m1.5s, burst: 5}

        """

    @Test func filesAreReadOrRefused() {
        let report = fuzz("web configuration", quick: 1000, pieces: yamlPieces) { _ in
            Array(WebFileFuzzTests.file.utf8)
        } decode: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let read = try? WebConfiguration.parse(text: text, path: "web.yml") else { return .refused }
            if let limit = read.rateLimit, limit.burst == 0 || limit.intervalNs == 0 { return .wrong("\(limit)") }
            return .taken
        }
        #expect(report.problem == nil)
    }

    @Test func credentialsAreReadOrRefused() {
        let report = fuzz(
            "credentials", quick: 3000, pieces: ["=", "==", ":", " ", "Basic ", "/", "+"].map { Array($0.utf8) }
        ) { _ in
            Array("Basic YWRtaW46aHVudGVyMg==".utf8)
        } decode: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = BcryptHash(text)
            return Credentials(text) == nil ? .refused : .taken
        }
        #expect(report.problem == nil)
    }
}
