import Glibc
import Model
import PromQL
import TestSupport
import Testing

@testable import TSDBCommand

/// From a pod's GPUs to what Grafana asks for: the exporter in a pod behind a real SSH server, the tunnel, a server that
/// finds the pod in the tunnel's file; and what is left of it while the tunnel is cut.
@Suite(.enabled(if: LocalPod.isPossible, LocalPod.missing)) struct PodPipelineTests {
    private let pod: LocalPod
    private let targets: String
    private let remotePort: Int
    private let localPort: Int

    init() throws {
        pod = try LocalPod()
        targets = pod.home.path + "/targets/pods.json"
        remotePort = try freePort()
        localPort = try freePort()
    }

    @Test func cutTunnelLeavesAGapAndNothingElse() throws {
        try setUpPod()
        let tunnel = try startTunnel()
        defer { tunnel.finish(SIGTERM) }
        let otherPort = try freePort()
        let other = try startExporter(gpus: 1, port: otherPort)
        defer { other.finish(SIGTERM) }
        let port = try freePort()
        let server = try TestServer(config: config(otherPort: otherPort, serverPort: port), port: port)
        defer { server.process.finish(SIGTERM) }

        try eventually("the pod is scraped: \(tunnel.printed)") { try value(server, "up\(Self.pod)") == 1 ? () : nil }
        let startMs = SystemClock().nowMs()
        try expectLiveDashboard(server)

        pod.stop()
        try eventually("the pod is down, its series end: \(tunnel.printed)") {
            try value(server, "up\(Self.pod)") == 0 && value(server, "count(\(Self.temperature))") == nil ? () : nil
        }
        let cutMs = SystemClock().nowMs()
        // Long enough for some scrapes to fail.
        try eventually("three scrapes fail") {
            try value(server, "count_over_time((up\(Self.pod) == 0)[1m:1s])") ?? 0 >= 6 ? () : nil
        }
        let restoreMs = SystemClock().nowMs()
        try pod.start()
        try eventually("the pod is back: \(tunnel.printed)") {
            try value(server, "up\(Self.pod)") == 1 && value(server, "count(\(Self.temperature))") == 8 ? () : nil
        }
        let endMs = SystemClock().nowMs()

        try expectGap(server, QueryTimeRange(start: startMs, end: endMs, step: 500), within: cutMs...restoreMs)
        try expectLiveDashboard(server)
        try expectOthersUndisturbed(server, seconds: (endMs - startMs) / 1000)

        // Ctrl-C at the tunnel takes the pod out of the configuration: it is not down, it is not there.
        #expect(tunnel.finish(SIGTERM) == 0)
        try eventually("the pod is gone") { try value(server, "up\(Self.pod)") == nil ? () : nil }
    }

    private static let pod = "{instance=\"trainer\"}"
    private static let temperature = "DCGM_FI_DEV_GPU_TEMP\(pod)"

    private func setUpPod() throws {
        let result = try runScript(
            "scripts/setup-dcgm.sh",
            pod.login + [
                "--accept-new", "--no-dcgm", "--listen", "127.0.0.1:\(remotePort)", "--logs", pod.home.path + "/logs",
                "--exporter", Programs.exporter, "--flags", "--simulate 8 --processes", "127.0.0.1", "\(pod.port)",
            ])
        #expect(result.status == 0, "\(result.printed)")
    }

    private func startTunnel() throws -> ChildProcess {
        try startScript(
            "scripts/tunnel-metrics.sh",
            pod.login + [
                "--local-port", "\(localPort)", "--remote-port", "\(remotePort)", "--file-sd", targets, "--retry-max",
                "2", "trainer=127.0.0.1", "\(pod.port)",
            ])
    }

    /// Every expression of the GPUs' dashboard, with the pod chosen.
    private func expectLiveDashboard(_ server: TestServer) throws {
        let dashboard = try Dashboard("gpu.json")
        for target in dashboard.targets {
            let query = dashboard.substituted(target.expression, ["instance": "trainer"])
            try eventually("series for \(target.title): \(query)", within: 120) { () -> Void? in
                guard case .vector(let samples) = try instantQuery(server.url, query) else { return nil }
                return samples.isEmpty ? nil : ()
            }
        }
        let age = try #require(try value(server, "max(time() - timestamp(\(Self.temperature)))"))
        #expect(age < 60, "the newest sample is \(age) s old")
    }

    /// The pod's series are there exactly where `up` is 1, which it is not while the tunnel is cut.
    private func expectGap(_ server: TestServer, _ range: QueryTimeRange, within cut: ClosedRange<Int64>) throws {
        let up = try #require(try rangeQuery(server.url, "up\(Self.pod)", range).first)
        let series = try #require(try rangeQuery(server.url, "count(\(Self.temperature))", range).first)
        let seen = zip(up.timestamps, up.values).filter { $0.1 == 1 }.map(\.0)
        #expect(series.timestamps == seen)
        #expect(series.values.allSatisfy { $0 == 8 })
        #expect(up.timestamps.count == Int((range.end - range.start) / 500) + 1)
        #expect(up.values.first == 1)
        #expect(zip(up.timestamps, up.values).allSatisfy { !cut.contains($0.0) || $0.1 == 0 })
    }

    /// The targets that do not come through the tunnel were scraped all the time. Four of five: a loaded machine may miss
    /// some.
    private func expectOthersUndisturbed(_ server: TestServer, seconds: Int64) throws {
        for job in ["other", "prometheus"] {
            let share = try #require(try value(server, "avg_over_time(up{job=\"\(job)\"}[\(seconds)s])"))
            #expect(share > 0.8, "\(job)")
        }
        #expect(try value(server, "sum(tsdb_write_failures_total)") == 0)
        #expect(try value(server, "changes(process_start_time_seconds{job=\"prometheus\"}[\(seconds)s])") == 0)
    }

    /// The value of the only series of an answer; nil where there is none.
    private func value(_ server: TestServer, _ query: String) throws -> Double? {
        guard case .vector(let samples) = try instantQuery(server.url, query) else { return nil }
        #expect(samples.count <= 1, "\(query)")
        return samples.first?.value
    }

    private func config(otherPort: Int, serverPort: Int) -> String {
        """
        global:
          scrape_interval: 1s
          scrape_timeout: 1s
        scrape_configs:
          - job_name: gpu-pods
            file_sd_configs:
              - files: ["\(targets)"]
          - job_name: other
            static_configs:
              - targets: ["127.0.0.1:\(otherPort)"]
          - job_name: prometheus
            static_configs:
              - targets: ["127.0.0.1:\(serverPort)"]
        """
    }
}
