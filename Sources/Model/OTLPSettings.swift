/// How OTLP metrics become series: the `otlp` section of a configuration.
/// - Source: Prometheus 3.14's configuration; keys and defaults are its.
public struct OTLPSettings: Sendable, Equatable {
    /// How names are made to fit, and whether metrics get their unit and type as suffixes.
    public enum Translation: String, Sendable, CaseIterable {
        case underscoreEscapingWithSuffixes = "UnderscoreEscapingWithSuffixes"
        case underscoreEscapingWithoutSuffixes = "UnderscoreEscapingWithoutSuffixes"
        case noUTF8EscapingWithSuffixes = "NoUTF8EscapingWithSuffixes"
        case noTranslation = "NoTranslation"

        /// Whether characters beyond `[a-zA-Z0-9_:]` become underscores.
        public var escapes: Bool {
            self == .underscoreEscapingWithSuffixes || self == .underscoreEscapingWithoutSuffixes
        }
        public var addsSuffixes: Bool { self == .underscoreEscapingWithSuffixes || self == .noUTF8EscapingWithSuffixes }
    }

    public var translation = Translation.underscoreEscapingWithSuffixes
    /// Attributes of a resource that become labels of its series.
    public var promotedAttributes: [String] = []
    /// Whether all of them do, but for ``ignoredAttributes``.
    public var promotesAllAttributes = false
    public var ignoredAttributes: [String] = []
    /// Whether `target_info` also has the attributes that `job` and `instance` are made of.
    public var keepsIdentifyingAttributes = false
    /// Whether histograms become native ones with custom buckets.
    public var convertsHistograms = false
    /// Whether series get name, version, schema and attributes of their scope as labels.
    public var promotesScope = false
    /// Whether a label that would begin with an underscore gets `key` before it.
    public var sanitizesLeadingUnderscores = true
    /// Whether underscores that follow one another in a label's name stay.
    public var keepsMultipleUnderscores = true

    public init() {}
}
