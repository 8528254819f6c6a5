import FoundationEssentials
import Glibc
import Model
import PromQL
import TestSupport
import Testing

@testable import TSDBCommand

/// The bounds on queries, and what answers say about their cost, are those of a real Prometheus 3.
@Suite(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) struct QueryLimitTests {
    static let flags = ["--query.max-samples=5000", "--query.timeout=1h", "--query.max-concurrency=2"]

    private struct Servers {
        let ours: TestServer
        let theirs: RealPrometheus
        let history = History(hours: 5)
        private let directory = TemporaryDirectory(.disk)

        init(_ flags: [String] = []) throws {
            ours = try TestServer(config: "", flags: ["--web.enable-remote-write-receiver"] + flags)
            theirs = try RealPrometheus(
                data: directory.path + "/data", flags: ["--enable-feature=promql-per-step-stats"] + flags)
            try remoteWrite(history.series, toPort: ours.port)
            try theirs.write(history.series)
        }

        func stop() {
            ours.process.finish(SIGTERM)
            theirs.process.finish(SIGTERM)
        }

        /// What both answer.
        func get(_ target: String) throws -> (ours: HTTPAnswer, theirs: HTTPAnswer) {
            (try HTTPConnection(port: ours.port).request("GET", target), try theirs.get(target))
        }

        func range(_ query: String, step: Int64 = 60, stats: String = "") -> String {
            "/api/v1/query_range?query=\(HTTPClient.percentEncoded(query))&start=\(history.start / 1000 + 1200)"
                + "&end=\(history.end / 1000)&step=\(step)\(stats)"
        }

        func instant(_ query: String, stats: String = "") -> String {
            "/api/v1/query?query=\(HTTPClient.percentEncoded(query))&time=\(history.end / 1000)\(stats)"
        }
    }

    @Test func errorsAreTheRealOnes() throws {
        let servers = try Servers(Self.flags)
        defer { servers.stop() }
        for target in [
            servers.range(#"{__name__=~".+"}"#), servers.instant(#"{job=~".+"}[1h]"#),
            servers.range("sum_over_time(noise[1h:1s])"), servers.instant("count_over_time(vector(1)[10h:1s])"),
            servers.instant("count_over_time(time()[10h:1s])"), servers.range("noise", step: 0),
            "/api/v1/query_range?query=1&start=0&end=11001&step=1", "/api/v1/query_range?query=1&start=1&end=0&step=1",
            "/api/v1/query_range?query=1&start=0&end=1&step=-1", "/api/v1/query_range?query=1&start=0&end=1&step=1e30",
            servers.instant("noise", stats: "&timeout=1ns"), servers.instant("sum(", stats: "&stats=all"),
            servers.instant("noise", stats: "&timeout=x"),
        ] {
            let (ours, theirs) = try servers.get(target)
            #expect(theirs.status / 100 != 2, "\(target): \(theirs.text.prefix(200))")
            #expect(ours.status == theirs.status, "\(target)")
            #expect(ours.text == theirs.text, "\(target)")
        }
        // The most steps that are allowed.
        let most = try servers.get("/api/v1/query_range?query=1&start=0&end=11000&step=1")
        #expect(most.ours.status == 422 || most.ours.status == 200)
        #expect(most.ours.status == most.theirs.status)
    }

    // None reads `sizes` or `mixed`: there Prometheus counts buckets that other histograms of their chunk have.
    static let counted = [
        "noise", "sum(noise)", "rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m])", "avg_over_time(noise[10m])",
        "sum by (instance) (increase(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[3m]))", "max_over_time(sum(noise)[10m:1m])",
        "noise offset 5m", "noise @ end()", "sum(noise @ start())", "noise / on (gpu) DCGM_FI_DEV_GPU_UTIL",
        "topk(2, noise)", "quantile_over_time(0.9, noise[7m])", "noise > 0.5 and on (gpu) DCGM_FI_DEV_GPU_UTIL",
        "DCGM_FI_DEV_GPU_UTIL or noise", "up", "count_over_time(up[15m])", "absent(noise)",
        "absent_over_time(nothing[5m])", "timestamp(noise)", "timestamp(latency)", "time() * scalar(constant)",
        "noise * scalar(sum(noise @ start()))", "max_over_time((noise @ start())[10m:1m])", "latency",
        "rate(latency[5m])", "histogram_quantile(0.9, rate(latency_float[5m]))", "sum(latency_custom)",
        "sum_over_time(odd[10m])", "label_replace(noise, \"a\", \"b\", \"\", \"\")",
        "sum_over_time(noise[5m] @ end())", "last_over_time(latency_custom_float[5m])", "vector(1)", "1 + 1",
        "rate(latency[5m:30s])", "sort(noise)", "deriv(noise[5m]) + ignoring (a) predict_linear(noise[5m], 60)",
    ]

    @Test func samplesAreCountedAsTheRealOneDoes() throws {
        let servers = try Servers()
        defer { servers.stop() }
        for query in Self.counted {
            for target in [servers.range(query, stats: "&stats=all"), servers.instant(query, stats: "&stats=all")] {
                let (ours, theirs) = try servers.get(target)
                let (a, b) = (try AnswerStats(ours), try AnswerStats(theirs))
                #expect(a.samples.totalQueryableSamples == b.samples.totalQueryableSamples, "\(target)")
                #expect(a.samples.totalQueryableSamplesPerStep == b.samples.totalQueryableSamplesPerStep, "\(target)")
                #expect(a.timings.keys.sorted() == b.timings.keys.sorted(), "\(target)")
                #expect(a.samples.peakSamples > 0 || b.samples.peakSamples == 0, "\(target)")
            }
        }
        let (ours, theirs) = try servers.get(servers.range("noise", stats: "&stats=true"))
        #expect(try AnswerStats(ours).samples.totalQueryableSamplesPerStep == nil)
        #expect(try AnswerStats(theirs).samples.totalQueryableSamplesPerStep == nil)
    }
}

private struct AnswerStats: Decodable {
    struct Samples: Decodable {
        var totalQueryableSamples: Int
        var peakSamples: Int
        var totalQueryableSamplesPerStep: [[Double]]?
    }

    var timings: [String: Double]
    var samples: Samples

    init(_ answer: HTTPAnswer) throws {
        struct Envelope: Decodable {
            struct Data: Decodable { var stats: AnswerStats }

            var data: Data
        }
        do {
            self = try JSONDecoder().decode(Envelope.self, from: Data(answer.body)).data.stats
        } catch {
            throw TestFailure("no stats in \(answer.text.prefix(300)): \(error)")
        }
    }
}
