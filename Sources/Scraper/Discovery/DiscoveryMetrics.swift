import Model

/// What discovery counts about itself, under Prometheus's names.
struct DiscoveryMetrics: Sendable {
    let fileReadErrors: Counter
    let httpFailures: Counter
    let lookups: Counter
    let lookupFailures: Counter
    let updates: Counter
    /// By mechanism: `dns`, `docker` or `http`.
    let refreshFailures: [String: Counter]

    init(_ registry: MetricRegistry) {
        func counter(_ name: String, _ help: String, _ labels: Labels = .empty) -> Counter {
            registry.counter("prometheus_sd_" + name, help, labels: labels)
        }
        fileReadErrors = counter("file_read_errors_total", "Files of targets that could not be read.")
        httpFailures = counter("http_failures_total", "Requests for targets that failed.")
        lookups = counter("dns_lookups_total", "Lookups of names for targets.")
        lookupFailures = counter("dns_lookup_failures_total", "Lookups of names for targets that failed.")
        updates = counter("updates_total", "Times that discovered targets became others.", ["name": "scrape"])
        var refreshFailures: [String: Counter] = [:]
        for mechanism in ["dns", "docker", "http"] {
            refreshFailures[mechanism] = counter(
                "refresh_failures_total", "Refreshes of targets that failed.", ["mechanism": mechanism])
        }
        self.refreshFailures = refreshFailures
    }
}
