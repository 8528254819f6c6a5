import Exposition

/// A notation by the name that `scrape_protocols` has for it.
public enum ScrapeProtocol: String, Sendable, CaseIterable {
    case protobuf = "PrometheusProto"
    case text0 = "PrometheusText0.0.4"
    case text1 = "PrometheusText1.0.0"
    case openMetrics0 = "OpenMetricsText0.0.1"
    case openMetrics1 = "OpenMetricsText1.0.0"

    /// What targets are asked for where the configuration says nothing, the most wanted first.
    /// - Parameter native: whether native histograms are wanted, which protobuf alone has.
    static func defaults(native: Bool) -> [ScrapeProtocol] {
        (native ? [.protobuf] : []) + [.openMetrics1, .openMetrics0, .text1, .text0]
    }

    var format: ExpositionFormat {
        switch self {
        case .protobuf: .protobuf
        case .text0, .text1: .text
        case .openMetrics0, .openMetrics1: .openMetrics
        }
    }

    /// The `Accept` header that asks for `protocols`, the most wanted first, and for names in this scheme.
    ///
    /// - Source: Prometheus 3.5, `scrape.acceptHeader`.
    static func accept(_ protocols: [ScrapeProtocol], _ escaping: NameSettings.Escaping) -> String {
        var weight = ScrapeProtocol.allCases.count + 1
        var parts: [String] = []
        for one in protocols {
            parts.append("\(one.mediaType(escaping));q=0.\(weight)")
            weight -= 1
        }
        return (parts + ["*/*;q=0.\(weight)"]).joined(separator: ",")
    }

    private func mediaType(_ escaping: NameSettings.Escaping) -> String {
        switch self {
        case .protobuf:
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
        case .text0: "text/plain;version=0.0.4"
        case .text1: "text/plain;version=1.0.0;escaping=\(escaping.rawValue)"
        case .openMetrics0: "application/openmetrics-text;version=0.0.1"
        case .openMetrics1: "application/openmetrics-text;version=1.0.0;escaping=\(escaping.rawValue)"
        }
    }
}

/// Which names metrics and labels may have, and what targets make of others when they are asked.
public struct NameSettings: Sendable, Equatable {
    /// What a target is asked to do with names beyond letters, digits and underscores.
    public enum Escaping: String, Sendable, CaseIterable {
        case none = "allow-utf-8"
        case underscores, dots, values
    }

    /// Whether only letters, digits and underscores are taken; otherwise any UTF-8 is.
    public var isLegacy = false
    public var escaping = Escaping.none

    public init() {}
}
