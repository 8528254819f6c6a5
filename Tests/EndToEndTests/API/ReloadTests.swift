import Glibc
import TestSupport
import Testing

/// A configuration that cannot be read changes nothing, and everybody who asks is told.
@Suite struct ReloadTests {
    private static let good = "global: {scrape_interval: 7s}\n"
    private static let better = "global: {scrape_interval: 8s}\n"
    private static let bad = "global: {scrape_interval: x}\n"

    private func get(_ server: TestServer, _ path: String) throws -> String {
        try HTTPConnection(port: server.port).request("GET", path).text
    }

    /// Whether all that tells of the configuration tells that it is in force, and whether its last reading succeeded.
    private func tells(_ server: TestServer, interval: String, success: Bool) throws -> Bool {
        let yaml = try get(server, "/api/v1/status/config")
        let info = try get(server, "/api/v1/status/runtimeinfo")
        let metrics = try get(server, "/metrics")
        let notifications = try get(server, "/api/v1/notifications")
        return yaml.contains("scrape_interval: \(interval)") && info.contains("\"reloadConfigSuccess\":\(success)")
            && metrics.contains("prometheus_config_last_reload_successful \(success ? 1 : 0)")
            && notifications.contains("Configuration reload has failed.") == !success
    }

    @Test func badConfigurationKeepsTheOneBefore() throws {
        let server = try TestServer(config: Self.good, flags: ["--web.enable-lifecycle"])
        defer { server.process.finish(SIGTERM) }
        #expect(try tells(server, interval: "7s", success: true))
        try writeFile(server.configPath, Self.bad)
        let refused = try HTTPConnection(port: server.port).request("POST", "/-/reload")
        #expect(refused.status == 500)
        #expect(refused.text.hasPrefix("failed to reload config: ") && refused.text.contains("scrape_interval"))
        #expect(try tells(server, interval: "7s", success: false))
        #expect(server.process.printed.contains("configuration not reloaded"))
        try writeFile(server.configPath, Self.better)
        #expect(try HTTPConnection(port: server.port).request("POST", "/-/reload").status == 200)
        #expect(try tells(server, interval: "8s", success: true))
        try writeFile(server.configPath, Self.bad)
        kill(server.process.pid, SIGHUP)
        try eventually("a signal has it read too") { try tells(server, interval: "8s", success: false) ? () : nil }
    }

    @Test func changedFileIsReadByItself() throws {
        let server = try TestServer(
            config: Self.good, flags: ["--config.auto-reload", "--config.auto-reload-interval=50ms"])
        defer { server.process.finish(SIGTERM) }
        try writeFile(server.configPath, Self.better)
        try eventually("the change is read") { try tells(server, interval: "8s", success: true) ? () : nil }
        try writeFile(server.configPath, Self.bad)
        try eventually("the fault is told") { try tells(server, interval: "8s", success: false) ? () : nil }
        try writeFile(server.configPath, Self.good)
        try eventually("the repair is read") { try tells(server, interval: "7s", success: true) ? () : nil }
    }

    /// Of the files that the configuration names, too; and a secret in them is shown to nobody.
    @Test func furtherFilesAreReadByThemselvesAndTheirSecretsHidden() throws {
        let directory = TemporaryDirectory(.disk)
        let server = try TestServer(
            config: "scrape_config_files: ['\(directory.path)/*.yml']\n",
            flags: ["--config.auto-reload", "--config.auto-reload-interval=50ms"])
        defer { server.process.finish(SIGTERM) }
        try writeFile(
            directory.path + "/a.yml",
            """
            scrape_configs:
            - job_name: further
              scrape_interval: 1s
              basic_auth: {username: u, password: hidden-word}
              http_headers: {X-A: {secrets: [hidden-word]}}
              proxy_url: http://p:hidden-word@127.0.0.1:1
              static_configs: [{targets: ['example.test:1']}]
            """)
        try eventually("the job is there") {
            try get(server, "/api/v1/status/config").contains("job_name: further") ? () : nil
        }
        try eventually("a failed scrape") {
            try get(server, "/api/v1/targets").contains("\"health\":\"down\"") ? () : nil
        }
        for path in ["/api/v1/status/config", "/api/v1/targets", "/api/v1/scrape_pools", "/metrics"] {
            #expect(try !get(server, path).contains("hidden-word"), "\(path)")
        }
        #expect(!server.process.printed.contains("hidden-word"))
    }
}
