/// What this build calls itself.
enum BuildInfo {
    static let version = "0.1.0"

    /// The Prometheus version whose language and API are matched: what `/api/v1/status/buildinfo` answers, so that
    /// clients choose the requests that fit.
    static let prometheusVersion = "3.14.0"

    static var line: String { "tsdb \(version) (Prometheus API \(prometheusVersion))" }
}
