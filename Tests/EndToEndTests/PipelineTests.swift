import Glibc
import Model
import PromQL
import TestSupport
import Testing

@testable import TSDBCommand

/// The whole way of a sample: exporter, scrape, store, query, from both built programs.
@Suite struct PipelineTests {
    @Test func simulatedGPUsBecomeQueryable() throws {
        let exporterPort = try freePort()
        let exporter = try startExporter(gpus: 8, port: exporterPort)
        defer { exporter.finish(SIGTERM) }
        let server = try TestServer(config: config(exporterPort))
        defer { server.process.finish(SIGTERM) }

        let utilisation = try eventually("eight GPUs are queryable") { () -> [VectorSample]? in
            guard case .vector(let samples) = try instantQuery(server.url, "DCGM_FI_DEV_GPU_UTIL"), samples.count == 8
            else { return nil }
            return samples
        }
        for sample in utilisation {
            #expect((0...100).contains(sample.value))
            #expect(sample.labels["job"] == "gpus")
            #expect(sample.labels["instance"] == "127.0.0.1:\(exporterPort)")
        }
        for metric in [
            "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_MEM_COPY_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE",
            "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_SM_CLOCK", "DCGM_FI_DEV_MEM_CLOCK",
        ] {
            guard case .vector(let counted) = try instantQuery(server.url, "count(\(metric))") else { continue }
            #expect(counted.first?.value == 8, "\(metric)")
        }
        guard case .vector(let up) = try instantQuery(server.url, "up") else { throw TestFailure("no vector") }
        #expect(up.map(\.value) == [1])
    }

    @Test func databaseFileGivesTheServersNumbersWhileItRuns() throws {
        let exporterPort = try freePort()
        let exporter = try startExporter(gpus: 2, port: exporterPort)
        defer { exporter.finish(SIGTERM) }
        let server = try TestServer(config: config(exporterPort))
        defer { server.process.finish(SIGTERM) }
        let end = try eventually("six seconds of samples") { () -> Int64? in
            let now = SystemClock().nowMs()
            guard case .vector(let counts) = try instantQuery(server.url, "count_over_time(DCGM_FI_DEV_GPU_UTIL[1m])")
            else { return nil }
            return counts.contains { $0.value >= 24 } ? now : nil
        }
        let arguments = [
            "query", "range", "sum by (gpu) (rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5s]))", "--start",
            "\(end / 1000 - 5)", "--end", "\(end / 1000)", "--step", "1s", "--format", "csv",
        ]
        let fromServer = try runToEnd(Programs.tsdb, arguments + ["--url", server.url])
        let fromFile = try runToEnd(Programs.tsdb, arguments + ["--db", server.data])
        #expect(fromServer.status == 0 && fromFile.status == 0)
        #expect(fromServer.printed == fromFile.printed)
        #expect(fromServer.printed.split(separator: "\n").count >= 11, "\(fromServer.printed)")
    }

    @Test func rangeIsPlottedInATerminal() throws {
        let exporterPort = try freePort()
        let exporter = try startExporter(gpus: 2, port: exporterPort)
        defer { exporter.finish(SIGTERM) }
        let server = try TestServer(config: config(exporterPort))
        defer { server.process.finish(SIGTERM) }
        let plot = try eventually("a plot") { () -> String? in
            let run = try runToEnd(
                Programs.tsdb,
                ["query", "range", "DCGM_FI_DEV_GPU_UTIL", "--start", "10s", "--step", "1s", "--url", server.url])
            #expect(run.status == 0, "\(run.printed)")
            return run.printed.contains("{gpu=\"1\"}") ? run.printed : nil
        }
        #expect(plot.unicodeScalars.contains { (0x2801...0x28ff).contains($0.value) })
        #expect(plot.contains("└"))
    }

    @Test func targetThatGoesAwayEndsItsSeries() throws {
        let exporterPort = try freePort()
        let exporter = try startExporter(gpus: 1, port: exporterPort)
        let server = try TestServer(config: config(exporterPort))
        defer { server.process.finish(SIGTERM) }
        try eventually("a sample") { () -> Void? in
            guard case .vector(let found) = try instantQuery(server.url, "DCGM_FI_DEV_GPU_TEMP"), !found.isEmpty
            else { return nil }
            return ()
        }
        exporter.finish(SIGTERM)
        try eventually("the series ends, though its last sample is younger than five minutes") { () -> Void? in
            guard case .vector(let found) = try instantQuery(server.url, "DCGM_FI_DEV_GPU_TEMP"),
                case .vector(let up) = try instantQuery(server.url, "up")
            else { return nil }
            return found.isEmpty && up.first?.value == 0 ? () : nil
        }
        let targets = try HTTPClient.get("\(server.url)/api/v1/targets", timeoutSeconds: 5)
        #expect(String(decoding: targets.body, as: UTF8.self).contains(#""health":"down""#))
    }

    private func config(_ exporterPort: Int) -> String {
        """
        global:
          scrape_interval: 250ms
          scrape_timeout: 250ms
        scrape_configs:
          - job_name: gpus
            static_configs:
              - targets: ["127.0.0.1:\(exporterPort)"]
        """
    }
}
