import Exposition

/// The `Accept` header of scrapes.
enum ScrapeProtocols {
    private static let mediaTypes = [
        "PrometheusText0.0.4": "text/plain;version=0.0.4",
        "PrometheusText1.0.0": "text/plain;version=1.0.0;escaping=allow-utf-8",
        "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
        "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    ]

    /// The header for these protocols, the most wanted first; protobuf is left out, as it could not be read.
    ///
    /// - Source: Prometheus 3.5, `scrape.acceptHeader`.
    static func accept(_ names: [String]) -> String {
        let types = names.compactMap { mediaTypes[$0] }
        guard !types.isEmpty else { return ExpositionFormat.accept }
        let weighted = types.enumerated().map { "\($0.element);q=0.\(types.count - $0.offset + 1)" }
        return (weighted + ["*/*;q=0.1"]).joined(separator: ",")
    }
}
