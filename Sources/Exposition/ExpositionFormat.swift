/// The notations in which a target may expose its metrics.
public enum ExpositionFormat: String, Sendable, CaseIterable {
    /// Prometheus's text format, `text/plain`, in any version.
    case text = "PrometheusText0.0.4"
    /// OpenMetrics as text, `application/openmetrics-text`.
    case openMetrics = "OpenMetricsText1.0.0"

    /// What a scrape asks for. OpenMetrics is read where a target sends it, and not asked for as long as exemplars and
    /// creation times have no place to go.
    public static let accept =
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1"

    /// What a page of this program's own is sent as.
    public static let textContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8"

    /// A response's `Content-Type` says nothing that can be read.
    public struct UnknownContentType: Error, Sendable, Equatable, CustomStringConvertible {
        public let contentType: String

        public var description: String {
            (contentType.isEmpty
                ? "non-compliant scrape target sending blank Content-Type"
                : "received unsupported Content-Type \"\(contentType)\"")
                + " and no fallback_scrape_protocol specified for target"
        }
    }

    /// The format that a response's `Content-Type` names.
    ///
    /// - Parameters:
    ///   - contentType: the header's value; empty where the response has none.
    ///   - fallback: what is assumed where the header names no format; the job's `fallback_scrape_protocol`.
    /// - Throws: ``UnknownContentType`` where there is no fallback either.
    /// - Source: Prometheus 3 fails such scrapes, where 2 read them as text.
    public static func of(
        contentType: String, fallback: ExpositionFormat? = nil
    ) throws(UnknownContentType) -> ExpositionFormat {
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        switch type {
        case "text/plain": return .text
        case "application/openmetrics-text": return .openMetrics
        default:
            guard let fallback else { throw UnknownContentType(contentType: contentType) }
            return fallback
        }
    }
}
