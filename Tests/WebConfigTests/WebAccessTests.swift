import Glibc
import Logging
import TestSupport
import Testing
import YAML

@testable import WebConfig

@Suite struct WebAccessTests {
    private static let admin =
        "basic_auth_users:\n  admin: $2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm\n"
    /// "admin:hunter2"
    private static let right = "Basic YWRtaW46aHVudGVyMg=="

    private func withAccess(
        _ text: String, _ body: (WebAccess, _ path: String) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/web.yml"
        try writeFile(path, text)
        let access = try WebAccess(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        access.start()
        do { try await body(access, path) } catch {
            await access.shutDown()
            throw error
        }
        await access.shutDown()
    }

    @Test func onlyTheRightPasswordComesIn() async throws {
        try await withAccess(WebAccessTests.admin) { access, _ in
            #expect(access.isClosed && !access.isTLS)
            for _ in 0..<3 { #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed) }
            // No header, another password, another user, no user, no Basic.
            let others = [nil, "Basic YWRtaW46aHVudGVyMw==", "Basic cm9vdDpodW50ZXIy", "Basic Omh1bnRlcjI=", "x"]
            for other in others {
                #expect(await access.admit(authorization: other).verdict == .unauthorized, "\(other ?? "nothing")")
            }
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed)
        }
    }

    @Test func aRememberedPasswordCostsNoHashing() async throws {
        // A cost of 12 takes half a second where one of 4 takes two milliseconds.
        let slow = "basic_auth_users:\n  admin: \(WebAccessTests.slowHash)\n"
        try await withAccess(slow) { access, _ in
            let clock = ContinuousClock()
            let first = await clock.measure {
                #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed)
            }
            let later = await clock.measure {
                for _ in 0..<20 { #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed) }
            }
            #expect(later < first, "\(first), then 20 times in \(later)")
        }
    }

    @Test func moreRequestsThanTheLimitAreRefused() async throws {
        // An hour for each, so that none comes back while the test runs.
        try await withAccess(WebAccessTests.admin + "rate_limit: {interval: 1h, burst: 3}\n") { access, path in
            for _ in 0..<2 { #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed) }
            // A wrong password costs as much as any request, and before anything is hashed for it.
            #expect(await access.admit(authorization: nil).verdict == .unauthorized)
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .tooMany)
            // The file is read again without the limit.
            try writeFile(path, WebAccessTests.admin)
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed)
        }
    }

    @Test func anotherLimitBeginsWithAFullBucket() async throws {
        try await withAccess("rate_limit: {interval: 1h, burst: 2}\n") { access, path in
            func check(_ text: String, _ expected: [WebAccess.Verdict]) async throws {
                try writeFile(path, text)
                for verdict in expected {
                    #expect(await access.admit(authorization: nil).verdict == verdict, "\(text)")
                }
            }
            try await check("rate_limit: {interval: 1h, burst: 2}\n", [.allowed, .allowed, .tooMany])
            try await check("rate_limit: {interval: 1ms, burst: 1000}\n", [.allowed, .allowed, .allowed])
            try await check("rate_limit: {interval: 2h, burst: 2}\n", [.allowed, .allowed, .tooMany])
            try await check("{}\n", [.allowed, .allowed, .allowed])
            try await check("rate_limit: {interval: 2h, burst: 2}\n", [.allowed, .allowed, .tooMany])
            // The same limit goes on where anything else changes.
            try await check("rate_limit: {interval: 2h, burst: 2}\n# more\n", [.tooMany, .tooMany])
        }
    }

    /// An editor may empty a file before it writes it.
    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "null\n", "~"])
    func anEmptyFileOpensNoDoor(_ empty: String) async throws {
        try await withAccess(WebAccessTests.admin) { access, path in
            try writeFile(path, empty)
            #expect(await access.admit(authorization: nil).verdict == .unauthorized)
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed)
            try writeFile(path, "{}\n")
            #expect(await access.admit(authorization: nil).verdict == .allowed)
            // Nothing is lost by that.
            try writeFile(path, empty)
            #expect(await access.admit(authorization: nil).verdict == .allowed)
        }
        try await withAccess(empty) { access, path in
            #expect(await access.admit(authorization: nil).verdict == .allowed)
            try writeFile(path, empty + "\n#")
            #expect(await access.admit(authorization: nil).verdict == .allowed)
        }
    }

    @Test func tokensComeBackOneByOne() {
        let limit = RateLimit(intervalNs: 10, burst: 2)
        var bucket = TokenBucket()
        let taken = [100, 100, 100, 105, 110, 110, 140, 140, 140].map { bucket.take(limit, nowNs: $0) }
        #expect(taken == [true, true, false, false, true, false, true, true, false])
        // Bounds that overflow mean no limit that anybody could meet.
        let wide = RateLimit(intervalNs: .max, burst: .max)
        #expect((0..<5).allSatisfy { _ in bucket.take(wide, nowNs: 200) })
        #expect(
            ["0", "1s", "1.5s", "1m30s", "250us", "100ms"].map(goDuration) == [
                0, 1_000_000_000, 1_500_000_000, 90_000_000_000, 250_000, 100_000_000,
            ])
        #expect(
            ["", "1", "s", "1x", "-1s", "1e3s", "1..5s", "300000000h", "nans"].allSatisfy { goDuration($0) == nil })
    }

    @Test func changesAreSeenAndFaultsAreNot() async throws {
        try await withAccess("") { access, path in
            #expect(!access.isClosed)
            #expect(await access.admit(authorization: nil).verdict == .allowed)
            try writeFile(path, WebAccessTests.admin)
            #expect(await access.admit(authorization: nil).verdict == .unauthorized)
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed)
            try writeFile(path, "basic_auth_users: [oh no]\n")
            #expect(await access.admit(authorization: nil).verdict == .unauthorized)
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .allowed)
            unlink(path)
            #expect(await access.admit(authorization: nil).verdict == .unauthorized)
            // A password that is another one now is not the one remembered.
            try writeFile(
                path, "basic_auth_users:\n  admin: $2b$05$abcdefghijklmnopqrstuuJ6vOV4kZGOcHfd3tUv6G23WE2JR1Nz.\n")
            #expect(await access.admit(authorization: WebAccessTests.right).verdict == .unauthorized)
            // "admin:alter"
            #expect(await access.admit(authorization: "Basic YWRtaW46YWx0ZXI=").verdict == .allowed)
            try writeFile(path, "http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
            let visit = await access.admit(authorization: nil)
            #expect(visit.verdict == .allowed && visit.headers.map(\.value) == ["deny"])
        }
    }

    @Test(arguments: [
        ("cert_file: no.crt\n  key: x\n", "cannot read cert_file"),
        ("cert: x\n  key: y\n", "cert has no certificate in PEM"),
    ])
    func certificatesAreLookedAtAtTheStart(_ lines: String, _ message: String) async throws {
        let error = await #expect(throws: WebConfigError.self) {
            try await withAccess("tls_server_config:\n  \(lines)") { _, _ in }
        }
        #expect("\(error!)".contains(message), "\(error!)")
    }

    @Test(.enabled(if: Certificates.openssl != nil)) func certificateThatComesLaterIsTaken() async throws {
        let certificates = Certificates()
        try certificates.makeAuthority("own")
        func text(_ name: String, _ more: String = "") -> String {
            "tls_server_config: {cert_file: \(certificates.path)/\(name).crt, key_file: \(certificates.path)/\(name).key}\n"
                + more
        }
        try await withAccess(text("own")) { access, path in
            try writeFile(path, text("next", "http_server_config: {headers: {X-Frame-Options: deny}}\n"))
            #expect(await access.admit(authorization: nil).headers.isEmpty)
            try certificates.makeAuthority("next")
            #expect(await access.admit(authorization: nil).headers.map(\.value) == ["deny"])
        }
    }

    /// Of "hunter2".
    private static let slowHash = "$2b$12$abcdefghijklmnopqrstuuCEzSpXJ42scy/MOdv14p0ieHzvDXISW"
}
