/// The notations in which a target may expose its metrics.
public enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus's text format, `text/plain`, in any version.
    case text
    /// OpenMetrics as text, `application/openmetrics-text`, in any version.
    case openMetrics
    /// Messages `io.prometheus.client.MetricFamily`, each behind its length, `application/vnd.google.protobuf`.
    case protobuf

    /// What a page of this program's own is sent as.
    public static let textContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8"

    /// A response's `Content-Type` says nothing that can be read.
    public struct UnknownContentType: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// The format that a response's `Content-Type` names.
    ///
    /// - Parameters:
    ///   - contentType: the header's value; empty where the response has none.
    ///   - fallback: what is assumed where the header names no format; the job's `fallback_scrape_protocol`.
    /// - Throws: ``UnknownContentType`` where there is no fallback either.
    /// - Source: Prometheus 3 fails such scrapes, where 2 read them as text; texts and cases as Prometheus 3.5.
    public static func of(
        contentType: String, fallback: ExpositionFormat? = nil
    ) throws(UnknownContentType) -> ExpositionFormat {
        let problem: String
        if contentType.isEmpty {
            problem = "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified"
        } else {
            switch MediaType.parse(contentType) {
            case .success("text/plain"): return .text
            case .success("application/openmetrics-text"): return .openMetrics
            case .success("application/vnd.google.protobuf"): return .protobuf
            case .success:
                problem =
                    "received unsupported Content-Type \(quotedText(contentType.utf8)) and no fallback_scrape_protocol "
                    + "specified"
            case .failure(let fault):
                if let fallback { return fallback }
                throw UnknownContentType(
                    description: "cannot parse Content-Type \(quotedText(contentType.utf8)) and no "
                        + "fallback_scrape_protocol for target: \(fault.reason)")
            }
        }
        guard let fallback else { throw UnknownContentType(description: problem + " for target") }
        return fallback
    }
}
