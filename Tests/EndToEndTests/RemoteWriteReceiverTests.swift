import Glibc
import Model
import TestSupport
import Testing

/// What a `tsdb serve` does with a receiver's answers, and with its settings.
@Suite(.serialized) struct RemoteWriteReceiverTests {
    private func sender(_ port: Int, _ settings: String = "") throws -> TestServer {
        try TestServer(
            config: """
                global: {external_labels: {cluster: home}}
                remote_write:
                  - url: http://127.0.0.1:\(port)/api/v1/write
                    name: other
                    headers: {X-Scope-OrgID: me}
                    queue_config: {batch_send_deadline: 50ms, max_samples_per_send: 2, min_backoff: 10ms,
                      max_backoff: 50ms, retry_on_http_429: true}
                    metadata_config: {send: false}
                \(settings)

                """, flags: ["--web.enable-remote-write-receiver"])
    }

    private func write(_ server: TestServer, _ names: [String], at time: Int64 = 1_700_000_000_000) throws {
        try remoteWrite(
            names.map { WrittenSeries(["__name__": $0], [(time, .float(1))]) }, toPort: server.port)
    }

    private func metric(_ server: TestServer, _ line: String) throws -> String {
        let page = try HTTPConnection(port: server.port).request("GET", "/metrics").text
        let found = page.split(separator: "\n").first { $0.hasPrefix("prometheus_remote_storage_" + line) }
        return found?.split(separator: " ").last.map(String.init) ?? "none"
    }

    private func answer(_ status: String, headers: String = "", body: String = "") -> [ScriptedServer.Step] {
        ScriptedServer.page(body, contentType: nil, status: status, extra: headers)
    }

    @Test func whatMayBeTakenLaterIsTriedAgain() throws {
        let receiver = try ScriptedServer { _, count in
            switch count {
            case 0: answer("503 Service Unavailable", headers: "Retry-After: 0\r\n")
            case 1: answer("429 Too Many Requests")
            case 2: answer("500 Internal Server Error", body: "no\nreason")
            default: answer("204 No Content")
            }
        }
        defer { receiver.close() }
        let server = try sender(receiver.port)
        defer { server.process.finish(SIGKILL) }
        try write(server, ["a", "b"])
        try eventually("they are sent") { try metric(server, "samples_total") == "2" ? () : nil }
        #expect(try metric(server, "samples_retried_total") == "6")
        #expect(try metric(server, "samples_failed_total") == "0")
        #expect(server.process.printed.contains("trying again"))
    }

    @Test func whatIsRefusedIsDroppedAndCounted() throws {
        let receiver = try ScriptedServer { _, count in
            count == 0 ? answer("400 Bad Request", body: "not these\n") : answer("204 No Content")
        }
        defer { receiver.close() }
        let server = try sender(receiver.port)
        defer { server.process.finish(SIGKILL) }
        try write(server, ["a", "b", "c", "d"])
        try eventually("the others are sent") { try metric(server, "samples_total") == "2" ? () : nil }
        #expect(try metric(server, "samples_failed_total") == "2")
        #expect(server.process.printed.contains("HTTP status 400: not these"))
    }

    @Test func ourOwnServerTakesSamplesAndMetadata() throws {
        let receiver = try TestServer(config: "{}", flags: ["--web.enable-remote-write-receiver"])
        defer { receiver.process.finish(SIGKILL) }
        let page = """
            # HELP requests Requests served.
            # TYPE requests counter
            requests_total 7
            # EOF

            """
        let target = try ScriptedServer { _, _ in
            ScriptedServer.page(page, contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8")
        }
        defer { target.close() }
        let server = try TestServer(
            config: """
                global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {cluster: home}}
                scrape_configs: [{job_name: page, static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]}]
                remote_write:
                  - url: http://127.0.0.1:\(receiver.port)/api/v1/write
                    write_relabel_configs:
                      - {source_labels: [__name__], regex: "scrape_.*", action: drop}
                    metadata_config: {send_interval: 100ms}
                    queue_config: {batch_send_deadline: 100ms}

                """)
        defer { server.process.finish(SIGKILL) }
        func ask(_ path: String) throws -> String { try HTTPConnection(port: receiver.port).request("GET", path).text }
        try eventually("samples and metadata have come") {
            let samples = try ask("/api/v1/query?query=requests_total")
            let metadata = try ask("/api/v1/metadata")
            return samples.contains(#""cluster":"home""#) && metadata.contains("Requests served.") ? () : nil
        }
        #expect(try ask("/api/v1/query?query=up").contains(#""job":"page""#))
        #expect(!(try ask("/api/v1/query?query=scrape_duration_seconds").contains("page")))
    }
}
