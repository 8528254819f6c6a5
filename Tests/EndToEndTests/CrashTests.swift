import Glibc
import Model
import PromQL
import TestSupport
import Testing

/// What a query has shown is on disk: killing the server without warning loses none of it.
@Suite struct CrashTests {
    @Test func fiftyKillsLoseNothingThatWasQueryable() throws {
        let exporterPort = try freePort()
        let exporter = try startExporter(gpus: 2, port: exporterPort)
        defer { exporter.finish(SIGTERM) }
        let port = try freePort()
        let config = """
            global: {scrape_interval: 100ms, scrape_timeout: 100ms}
            scrape_configs:
              - job_name: gpus
                static_configs: [{targets: ["127.0.0.1:\(exporterPort)"]}]
              - job_name: itself
                static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            """
        let directory = TemporaryDirectory(.disk)
        let data = directory.path + "/data"
        var random = SeededGenerator(seed: makeSeed())
        var seen: (at: Int64, samples: Set<SeenSample>)?
        var compared = 0
        for round in 0..<50 {
            let server = try TestServer(config: config, data: data, port: port)
            if let seen {
                let now = try samples(server.url, at: seen.at)
                let lost = seen.samples.subtracting(now)
                #expect(
                    lost.isEmpty,
                    "round \(round): \(lost.count) of \(seen.samples.count) lost, such as \(lost.prefix(3))")
                compared += seen.samples.count
            }
            let end = monotonicNs() + UInt64.random(in: 20_000_000..<420_000_000, using: &random)
            repeat {
                let at = SystemClock().nowMs()
                seen = (at, try samples(server.url, at: at))
            } while monotonicNs() < end
            server.process.finish(SIGKILL)
        }
        #expect(compared > 50_000, "only \(compared) samples were compared")
    }

    private struct SeenSample: Hashable {
        var labels: Labels
        var timestamp: Int64
        var value: UInt64
    }

    private func samples(_ url: String, at: Int64) throws -> Set<SeenSample> {
        guard
            case .matrix(let series) = try instantQuery(
                url, #"{__name__=~"DCGM_.*|up|scrape_.*|process_.*"}[20s]"#, at: at)
        else { throw TestFailure("no matrix") }
        return Set(
            series.flatMap { one in
                zip(one.timestamps, one.values).map {
                    SeenSample(labels: one.labels, timestamp: $0, value: $1.bitPattern)
                }
            })
    }
}
