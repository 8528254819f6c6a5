import Glibc
import Model
import TestSupport
import Testing

/// What a person gets wrong is answered with the thing, its place and what was expected.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomStringConvertible {
        var description: String
        var config = "scrape_configs: []\n"
        var flags: [String] = []
        /// Makes the data directory what it should not be.
        var prepare: @Sendable (_ data: String) throws -> Void = { _ in }
        var says: [String]
    }

    static let cases: [Case] = [
        Case(description: "malformed YAML", config: "global:\n  scrape_interval: [15s\n", says: ["prometheus.yml:"]),
        Case(
            description: "unknown key", config: "global:\n  scrape_intervall: 15s\n",
            says: ["prometheus.yml:2:3", "scrape_intervall"]),
        Case(
            description: "duplicate job", config: "scrape_configs:\n  - job_name: a\n  - job_name: a\n",
            says: ["prometheus.yml:3:", "\"a\""]),
        Case(
            description: "bad duration", config: "global:\n  scrape_interval: 15 seconds\n",
            says: ["prometheus.yml:2:20", "15 seconds"]),
        Case(
            description: "file that is no database",
            prepare: { data in
                mkdir(data, 0o755)
                try writeFile(data + "/tsdb.sqlite", String(repeating: "not a database ", count: 1000))
            }, says: ["tsdb.sqlite", "not a database"]),
        Case(description: "directory under a file", prepare: { try writeFile($0, "a file") }, says: ["data"]),
        Case(description: "misspelt flag", flags: ["--web.listen-adress=:9090"], says: ["--web.listen-address"]),
        Case(
            description: "bad retention", flags: ["--storage.tsdb.retention.time=week"],
            says: ["retention.time", "week"]),
        Case(description: "bad address", flags: ["--web.listen-address=localhost"], says: ["localhost"]),
        Case(
            description: "missing configuration", flags: ["--config.file=/nonexistent.yml"], says: ["/nonexistent.yml"]),
    ]

    @Test(arguments: cases) func isRefusedWithItsReason(_ one: Case) throws {
        let directory = TemporaryDirectory(.disk)
        try writeFile(directory.path + "/prometheus.yml", one.config)
        try one.prepare(directory.path + "/data")
        let address = "--web.listen-address=127.0.0.1:\(try freePort())"
        let run = try runToEnd(
            Programs.tsdb,
            ["serve", "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(directory.path)/data"]
                + (one.flags.isEmpty ? [address] : one.flags))
        #expect(run.status != 0)
        for text in one.says { #expect(run.printed.contains(text), "\(run.printed)") }
    }

    @Test func secondServerOnOneDatabaseIsToldWhoHoldsIt() throws {
        let server = try TestServer(config: "scrape_configs: []\n")
        defer { server.process.finish(SIGTERM) }
        let directory = TemporaryDirectory(.disk)
        let config = directory.path + "/prometheus.yml"
        try writeFile(config, "scrape_configs: []\n")
        let second = try runToEnd(
            Programs.tsdb,
            [
                "serve", "--config.file=\(config)", "--storage.tsdb.path=\(server.data)",
                "--web.listen-address=127.0.0.1:\(try freePort())",
            ])
        #expect(second.status != 0)
        #expect(second.printed.contains("\(server.process.pid)"), "\(second.printed)")
    }

    @Test func portInUseIsNamed() throws {
        let server = try TestServer(config: "scrape_configs: []\n")
        defer { server.process.finish(SIGTERM) }
        let directory = TemporaryDirectory(.disk)
        try writeFile(directory.path + "/prometheus.yml", "scrape_configs: []\n")
        let second = try runToEnd(
            Programs.tsdb,
            [
                "serve", "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(directory.path)/data",
                "--web.listen-address=127.0.0.1:\(server.port)",
            ])
        #expect(second.status != 0)
        #expect(
            second.printed.contains("127.0.0.1:\(server.port)") && second.printed.contains("in use"),
            "\(second.printed)")
    }
}
