import Glibc
import Model
import PromQL
import Synchronization
import TestSupport
import Testing

@testable import TSDBCommand

/// The shipped configuration, run by a real Prometheus 3 and by tsdb against the same targets, gives the same series and
/// the same answers.
///
/// Two servers never scrape at the same moment, so the exporter's page goes through a relay that keeps it for two
/// seconds and writes its time on every line: whoever scrapes within these two seconds stores the same samples.
@Suite struct ComparisonTests {
    static let prometheus: String? = findProgram("prometheus").flatMap { path in
        guard let version = try? runToEnd(path, ["--version"]).printed, version.contains("version 3.") else {
            return nil
        }
        return path
    }

    static let dashboard = [
        "DCGM_FI_DEV_GPU_TEMP{instance=~\".+\", gpu=~\"(0|1|2)\"}",
        "avg(DCGM_FI_DEV_GPU_TEMP{instance=~\".*\", gpu=~\".*\"})",
        "DCGM_FI_DEV_POWER_USAGE{instance=~\".*\", gpu=~\".*\"}", "sum(DCGM_FI_DEV_POWER_USAGE{gpu=~\"(0|1)\"})",
        "DCGM_FI_DEV_SM_CLOCK{gpu=~\".*\"} * 1000000", "DCGM_FI_DEV_GPU_UTIL{gpu=~\".*\"}",
        "DCGM_FI_DEV_FB_USED{gpu=~\".*\"}", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{gpu=~\".*\"}",
    ]

    static let others = [
        "rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[6s]) / 1000", "increase(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[7s])",
        "irate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[10s])", "delta(DCGM_FI_DEV_GPU_TEMP[8s])",
        "deriv(DCGM_FI_DEV_GPU_TEMP[10s])", "avg_over_time(DCGM_FI_DEV_GPU_UTIL[6s])",
        "max_over_time(DCGM_FI_DEV_GPU_UTIL[6s]) - min_over_time(DCGM_FI_DEV_GPU_UTIL[6s])",
        "quantile_over_time(0.9, DCGM_FI_DEV_POWER_USAGE[10s])", "stddev_over_time(DCGM_FI_DEV_POWER_USAGE[10s])",
        "100 * DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)",
        "sum by (modelName) (DCGM_FI_DEV_POWER_USAGE)",
        "count without (gpu, UUID, pci_bus_id, device) (DCGM_FI_DEV_GPU_TEMP)",
        "topk(2, DCGM_FI_DEV_POWER_USAGE)", "quantile(0.5, DCGM_FI_DEV_SM_CLOCK)",
        "stdvar by (job) (DCGM_FI_DEV_GPU_UTIL)",
        "DCGM_FI_DEV_GPU_UTIL > 50 or DCGM_FI_DEV_MEM_COPY_UTIL", "DCGM_FI_DEV_GPU_TEMP > bool 60",
        "DCGM_FI_DEV_GPU_UTIL and on (gpu) DCGM_FI_DEV_POWER_USAGE > 10",
        "max_over_time(avg(DCGM_FI_DEV_GPU_UTIL)[8s:1s])", "DCGM_FI_DEV_GPU_TEMP offset 4s",
        "label_replace(DCGM_FI_DEV_GPU_TEMP, \"card\", \"gpu-$1\", \"gpu\", \"(.*)\")", "absent(DCGM_FI_NOT_THERE)",
        "predict_linear(DCGM_FI_DEV_GPU_TEMP[10s], 60)", "count_values(\"clock\", DCGM_FI_DEV_MEM_CLOCK)",
        "clamp(round(DCGM_FI_DEV_POWER_USAGE, 5), 50, 500)", "changes(DCGM_FI_DEV_GPU_UTIL[10s])",
        "sum(DCGM_FI_DEV_POWER_USAGE) by (instance) / on (instance) group_left () count(DCGM_FI_DEV_GPU_TEMP) by (instance)",
    ]

    @Test(.enabled(if: prometheus != nil, "no Prometheus 3 on the PATH")) func answersAreTheRealOnes() throws {
        let exporterPort = try freePort()
        let exporter = try startExporter(gpus: 8, port: exporterPort)
        defer { exporter.finish(SIGTERM) }
        let relay = try TimestampRelay(exporterPort: exporterPort)
        let port = try freePort()
        let config = try readText(shippedConfigPath)
            .replacing("15s", with: "1s").replacing("10s", with: "1s")
            .replacing("localhost:9400", with: "127.0.0.1:\(relay.port)")
            .replacing("localhost:9090", with: "127.0.0.1:\(port)")
        let ours = try TestServer(config: config, port: port)
        defer { ours.process.finish(SIGTERM) }
        let theirs = try RealPrometheus(path: try #require(Self.prometheus), config: config)
        defer { theirs.process.finish(SIGTERM) }

        let begin = try eventually("both have the first samples") { () -> Int64? in
            for url in [ours.url, theirs.url] {
                guard case .vector(let found) = try instantQuery(url, "DCGM_FI_DEV_GPU_TEMP"), found.count == 8 else {
                    return nil
                }
            }
            return SystemClock().nowMs()
        }
        sleep(24)
        // What both surely have: from the slot after both had begun to the slot before the last.
        let range = QueryTimeRange(start: (begin / 1000 + 13) * 1000, end: (begin / 1000 + 20) * 1000, step: 1000)
        for expression in Self.dashboard + Self.others {
            let a = try rangeQuery(ours.url, expression, range)
            let b = try rangeQuery(theirs.url, expression, range)
            expectSame(a, b, expression)
            #expect(!b.isEmpty, "\(expression) selects nothing, so that it compares nothing")
        }
        for selector in [#"{job="dcgm-exporter"}"#, #"{job="prometheus", __name__=~"up|scrape_.*|process_.*"}"#] {
            #expect(try seriesLabels(ours.url, selector) == seriesLabels(theirs.url, selector), "\(selector)")
        }
    }

    private func seriesLabels(_ url: String, _ selector: String) throws -> [Labels] {
        guard case .vector(let found) = try instantQuery(url, "last_over_time(\(selector)[1m])")
        else { throw TestFailure("no vector") }
        return found.map(\.labels).sorted()
    }

    private func expectSame(_ a: [MatrixSeries], _ b: [MatrixSeries], _ expression: String) {
        #expect(a.map(\.labels).sorted() == b.map(\.labels).sorted(), "\(expression)")
        let byLabels = Dictionary(b.map { ($0.labels, $0) }) { first, _ in first }
        for one in a {
            guard let other = byLabels[one.labels] else { continue }
            #expect(one.timestamps == other.timestamps, "\(expression) \(one.labels)")
            for (x, y) in zip(one.values, other.values) where x.bitPattern != y.bitPattern {
                // The last bits may differ where sums are added in another order.
                #expect(
                    (x - y).magnitude <= 1e-12 * max(x.magnitude, y.magnitude),
                    "\(expression) \(one.labels): \(x), \(y)")
            }
        }
    }
}

private let shippedConfigPath =
    #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/config/prometheus.yml"

/// A real Prometheus on a free port.
private final class RealPrometheus {
    let url: String
    let process: ChildProcess

    init(path: String, config: String) throws {
        let directory = TemporaryDirectory(.disk)
        let port = try freePort()
        try writeFile(directory.path + "/prometheus.yml", config)
        url = "http://127.0.0.1:\(port)"
        process = try ChildProcess(
            path,
            [
                "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(directory.path)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ])
        try waitUntilReady(url, process)
    }
}

/// Serves the exporter's page as it was at the beginning of each two seconds, with that time on every line.
private final class TimestampRelay: Sendable {
    private let server: ScriptedServer
    var port: Int { server.port }

    init(exporterPort: Int) throws {
        let cache = Mutex<(slot: Int64, page: String)>((0, ""))
        server = try ScriptedServer { _, _ in
            let slot = SystemClock().nowMs() / 2000 * 2000
            return cache.withLock { cache in
                if cache.slot != slot { cache = (slot, Self.page(exporterPort, slot)) }
                return ScriptedServer.page(cache.page)
            }
        }
    }

    deinit { server.close() }

    private static func page(_ exporterPort: Int, _ slot: Int64) -> String {
        let answer = try? HTTPClient.get("http://127.0.0.1:\(exporterPort)/metrics", timeoutSeconds: 1)
        let lines = String(decoding: answer?.body ?? [], as: UTF8.self).split(separator: "\n")
        return lines.map { $0.hasPrefix("#") ? "\($0)\n" : "\($0) \(slot)\n" }.joined()
    }
}
