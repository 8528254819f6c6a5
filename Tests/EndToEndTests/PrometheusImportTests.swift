import Glibc
import Model
import PromQL
import TestSupport
import Testing

@testable import TSDBCommand

/// What a real Prometheus leaves behind, imported with `tsdb import`, answers as it did there.
@Suite(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"), .serialized)
struct PrometheusImportTests {
    static let floatQueries = [
        "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_UTIL{gpu=~\"0|2\"}", "noise", "noise{gpu!=\"1\"} * 2", "constant",
        "odd", "up", "up == 3", "count(up)", "mixed", "count({__name__=~\".+\"})", "sum by (gpu) (noise)",
        "rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m])", "increase(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[1h])",
        "irate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[2m])", "resets(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[12h])",
        "delta(DCGM_FI_DEV_GPU_UTIL[10m])", "deriv(DCGM_FI_DEV_GPU_UTIL[10m])", "idelta(noise[3m])",
        "avg_over_time(DCGM_FI_DEV_GPU_UTIL[10m])", "max_over_time(noise[1h]) - min_over_time(noise[1h])",
        "quantile_over_time(0.9, noise[30m])", "stddev_over_time(noise[20m])", "sum_over_time(noise[2h])",
        "count_over_time(up[1h])", "count_over_time(odd[15m])", "last_over_time(odd[10m])", "present_over_time(up[5m])",
        "absent_over_time(up[5m])", "changes(DCGM_FI_DEV_GPU_UTIL[30m])", "avg by (instance) (DCGM_FI_DEV_GPU_UTIL)",
        "topk(2, noise)", "quantile(0.5, noise)", "stdvar(noise)", "timestamp(up)",
        "DCGM_FI_DEV_GPU_UTIL offset 1h", "max_over_time(avg(DCGM_FI_DEV_GPU_UTIL)[30m:1m])",
        "DCGM_FI_DEV_GPU_UTIL > 50 or noise", "predict_linear(DCGM_FI_DEV_GPU_UTIL[20m], 600)", "absent(nothing)",
    ]
    static let histogramQueries = [
        "histogram_count(latency)", "histogram_sum(latency)", "histogram_avg(latency_float)",
        "histogram_quantile(0.9, latency)", "histogram_quantile(0.5, rate(latency[10m]))",
        "histogram_quantile(0.99, latency_custom)", "histogram_fraction(0, 2, latency_custom_float)",
        "histogram_count(increase(latency_custom[30m]))", "histogram_count(rate(latency_float[5m]))",
        "histogram_stddev(latency)", "histogram_count(sum(latency) + sum(latency_float))", "histogram_sum(sizes)",
        "histogram_count(avg_over_time(sizes[10m]))", "histogram_count(mixed)", "count_over_time(latency[20m])",
        "histogram_count(latency offset 3h)",
    ]

    @Test func everythingAnswersAsInThePrometheusItCameFrom() throws {
        let history = History()
        let late = WrittenSeries(
            ["__name__": "noise", "gpu": "0", "instance": "pod-0:9400", "job": "dcgm"],
            (1...50).map { (history.end - $0 * 20_000 - 7, .float(Double($0) / 7)) }.reversed())
        try compare(history, history.series, late: [late], Self.floatQueries + Self.histogramQueries)
    }

    private func compare(
        _ history: History, _ series: [WrittenSeries], late: [WrittenSeries], _ queries: [String]
    ) throws {
        let directory = TemporaryDirectory(.disk)
        let theirs = try RealPrometheus(
            data: directory.path + "/prometheus", config: "storage: {tsdb: {out_of_order_time_window: 40m}}\n")
        try theirs.write(series)
        for one in late { try theirs.write([one]) }
        try eventually("blocks are compacted", within: 60) {
            fileNames(theirs.data).contains {
                (try? readText("\(theirs.data)/\($0)/meta.json"))?.contains("\"level\": 2") ?? false
            } ? () : nil
        }
        let range = QueryTimeRange(start: history.start + 61_000, end: history.end, step: 97_000)
        // While it truncates its head, Prometheus answers some queries with an error that it cannot find a chunk.
        let expected = try queries.map { query in
            try eventually("\(query) is answered", within: 60) { try? rangeQuery(theirs.url, query, range) }
        }
        theirs.process.finish(SIGTERM)

        let data = directory.path + "/tsdb"
        let imported = try runToEnd(Programs.tsdb, ["import", theirs.data, "--db", data])
        #expect(imported.status == 0, "\(imported.printed)")
        let count = (series + late).reduce(0) { $0 + $1.samples.count }
        #expect(
            imported.output.contains("imported   \(count) samples of \(series.count) series"), "\(imported.printed)")
        let ours = try TestServer(config: "scrape_configs: []\n", data: data)
        defer { ours.process.finish(SIGTERM) }
        for (query, answer) in zip(queries, expected) {
            expectSame(try rangeQuery(ours.url, query, range), answer, query)
            #expect(!answer.isEmpty, "\(query) selects nothing, so that it compares nothing")
        }
    }

    private func expectSame(_ a: [MatrixSeries], _ b: [MatrixSeries], _ query: String) {
        #expect(a.map(\.labels).sorted() == b.map(\.labels).sorted(), "\(query)")
        let byLabels = Dictionary(b.map { ($0.labels, $0) }) { first, _ in first }
        for one in a {
            guard let other = byLabels[one.labels] else { continue }
            #expect(one.timestamps == other.timestamps, "\(query) \(one.labels)")
            let wrong = zip(one.values, other.values).filter { x, y in
                // The last bits may differ where sums are added in another order.
                x.bitPattern != y.bitPattern && !(x.isNaN && y.isNaN)
                    && !((x - y).magnitude <= 1e-12 * max(x.magnitude, y.magnitude))
            }
            #expect(wrong.isEmpty, "\(query) \(one.labels): \(wrong.count) differ, such as \(wrong.prefix(2))")
        }
    }
}
