import Model
import Synchronization

/// Counts queries under the names of Prometheus's engine.
final class QueryMetrics: Sendable {
    private let running = Atomic<Int>(0)
    private let samples: Counter
    private let queueSeconds = ClassicHistogram(bounds: [])
    private let evaluationSeconds = ClassicHistogram(bounds: [])

    init(registry: MetricRegistry, concurrencyMax: Int) {
        samples = registry.counter(
            "prometheus_engine_query_samples_total", "The total number of samples loaded by all queries.")
        registry.gauge("prometheus_engine_queries_concurrent_max", "The max number of concurrent queries.") {
            Double(concurrencyMax)
        }
        registry.register { [weak self] in self?.families() ?? [] }
    }

    func queryArrived() { running.add(1, ordering: .relaxed) }

    func queryEnded() { running.subtract(1, ordering: .relaxed) }

    func record(queueSeconds: Double, evaluationSeconds: Double, samples: Int) {
        self.queueSeconds.observe(queueSeconds)
        self.evaluationSeconds.observe(evaluationSeconds)
        self.samples.add(samples)
    }

    private func families() -> [MetricFamily] {
        let timings = [("queue_time", queueSeconds), ("inner_eval", evaluationSeconds)].flatMap { slice, histogram in
            histogram.points(labels: Labels([("slice", slice)])).filter { $0.suffix != "_bucket" }
        }
        return [
            MetricFamily(
                "prometheus_engine_queries", "The current number of queries being executed or waiting.", .gauge,
                [MetricPoint(labels: .empty, value: Double(running.load(ordering: .relaxed)))]),
            MetricFamily("prometheus_engine_query_duration_seconds", "Query timings", .summary, timings),
        ]
    }
}
