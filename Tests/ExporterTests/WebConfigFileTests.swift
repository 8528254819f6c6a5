import Glibc
import TestSupport
import Testing

/// curl as the client of an exporter whose door `--web-config-file` closes.
@Suite(.enabled(if: Certificates.openssl != nil && findProgram("curl") != nil, "openssl and curl are not there"))
struct WebConfigFileTests {
    /// "hunter2"
    private static let users =
        "basic_auth_users:\n  admin: $2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm\n"

    private func curl(_ exporter: RunningExporter, _ arguments: [String], scheme: String = "https") throws -> String {
        let result = try runToEnd(
            findProgram("curl") ?? "curl",
            ["-sS", "-i", "--max-time", "60", "--noproxy", "*"] + arguments
                + ["\(scheme)://127.0.0.1:\(exporter.port)/metrics"])
        return result.output + result.errors
    }

    @Test func pageIsForWhoHasThePassword() throws {
        let certificates = Certificates()
        try certificates.makeAuthority("ca")
        try certificates.make("server", signedBy: "ca", for: "IP:127.0.0.1")
        let web = certificates.path + "/web.yml"
        try writeFile(
            web,
            WebConfigFileTests.users + "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
                + "http_server_config: {headers: {X-Frame-Options: deny}}\n")
        let exporter = try RunningExporter(["--simulate", "1"], environment: ["DCGM_EXPORTER_WEB_CONFIG_FILE=\(web)"])
        defer { exporter.stop() }
        let trust = ["--cacert", certificates.path + "/ca.crt"]
        let refused = try curl(exporter, trust)
        #expect(refused.contains(" 401 Unauthorized") && refused.lowercased().contains("www-authenticate: basic"))
        #expect(try curl(exporter, trust + ["-u", "admin:hunter3"]).contains(" 401 Unauthorized"))
        let page = try curl(exporter, trust + ["-u", "admin:hunter2"])
        #expect(page.contains(" 200 OK") && page.contains("DCGM_FI_DEV_GPU_UTIL{gpu=\"0\""))
        #expect(page.lowercased().contains("x-frame-options: deny"))
        #expect(try curl(exporter, []).contains("certificate"))
        #expect(try curl(exporter, [], scheme: "http").contains("Client sent an HTTP request to an HTTPS server."))
        // The file is read again.
        try writeFile(web, "tls_server_config: {cert_file: server.crt, key_file: server.key}\n")
        #expect(try curl(exporter, trust).contains(" 200 OK"))
    }

    @Test(arguments: [
        "", "tls_server_config: {cert_file: server.crt, key_file: server.key}", WebConfigFileTests.users,
        "rate_limit: {interval: 24h, burst: 1}",
    ])
    func containersHealthCheckSeesALivingServerBehindAnyDoor(_ text: String) throws {
        let certificates = Certificates()
        try certificates.makeAuthority("ca")
        try certificates.make("server", signedBy: "ca", for: "IP:127.0.0.1")
        let web = certificates.path + "/web.yml"
        try writeFile(web, text + "\n")
        let exporter = try RunningExporter(["--simulate", "1", "--web-config-file", web])
        func check(_ path: String) throws -> Int32 {
            let script = DeploymentFilesTests.root + "docker/healthcheck.sh"
            return try runToEnd("/bin/bash", [script, "\(exporter.port)", path]).status
        }
        #expect(try check("/health") == 0 && check("/health") == 0)
        exporter.stop()
        #expect(try check("/health") != 0)
    }

    @Test func requestsAreLimited() throws {
        let folder = TemporaryDirectory(.disk)
        try writeFile(folder.path + "/web.yml", "rate_limit: {interval: 24h, burst: 2}\n")
        let exporter = try RunningExporter(["--simulate", "1", "--web-config-file", folder.path + "/web.yml"])
        defer { exporter.stop() }
        #expect(try (0..<3).map { _ in try exporter.get("/nothing").status } == [404, 404, 429])
    }

    @Test func faultsOfTheFileAreNamed() throws {
        let folder = TemporaryDirectory(.disk)
        try writeFile(folder.path + "/web.yml", "basic_auth_users: {admin: secret}\n")
        let result = try runExporter(["--simulate", "1", "--web-config-file", folder.path + "/web.yml"])
        #expect(result.status == 1)
        #expect(
            result.errors.contains("--web-config-file: ")
                && result.errors.contains("web.yml:1:27: expected a bcrypt hash"))
    }
}
