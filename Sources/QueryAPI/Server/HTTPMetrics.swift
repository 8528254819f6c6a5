import Model
import Synchronization

/// Counts requests by route and status under Prometheus's names.
final class HTTPMetrics: Sendable {
    private final class RouteMetrics: Sendable {
        let codes = Mutex<[Int: Int]>([200: 0])
        // Bounds of Prometheus 3's `prometheus_http_request_duration_seconds`.
        let seconds = ClassicHistogram(bounds: [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120])
        // Powers of ten from 100 bytes to 1 GB, Prometheus's bounds for sizes.
        let bytes = ClassicHistogram(bounds: [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9])
    }

    private let names: [String]
    private let routes: [RouteMetrics]

    init(routes names: [String], registry: MetricRegistry) {
        self.names = names
        routes = names.map { _ in RouteMetrics() }
        registry.register { [weak self] in self?.families() ?? [] }
    }

    func record(route: Int, code: Int, seconds: Double, bytes: Int) {
        routes[route].codes.withLock { $0[code, default: 0] += 1 }
        routes[route].seconds.observe(seconds)
        routes[route].bytes.observe(Double(bytes))
    }

    private func families() -> [MetricFamily] {
        var requests = MetricFamily("prometheus_http_requests_total", "Counter of HTTP requests.", .counter, [])
        var seconds = MetricFamily(
            "prometheus_http_request_duration_seconds", "Histogram of latencies for HTTP requests.", .histogram, [])
        var bytes = MetricFamily(
            "prometheus_http_response_size_bytes", "Histogram of response size for HTTP requests.", .histogram, [])
        for (name, route) in zip(names, routes) {
            let handler = Labels([("handler", name)])
            for (code, count) in route.codes.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
                let labels = Labels([("code", String(code)), ("handler", name)])
                requests.points.append(MetricPoint(labels: labels, value: Double(count)))
            }
            seconds.points += route.seconds.points(labels: handler)
            bytes.points += route.bytes.points(labels: handler)
        }
        return [requests, seconds, bytes]
    }
}
