import Model

/// An exemplar as a page has it.
public struct ExposedExemplar: Sendable, Equatable {
    public var labels: Labels
    public var value: Double
    /// Milliseconds since the Unix epoch; nil where it is that of its sample.
    public var timestamp: Int64?

    public init(labels: Labels, value: Double, timestamp: Int64? = nil) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }

    /// The most characters that names and values may have together.
    /// - Source: the OpenMetrics specification; Prometheus drops what is longer.
    public static let labelCharactersMax = 128

    /// Whether it is short enough to be stored.
    public var canBeStored: Bool {
        var count = 0
        for label in labels { count += label.name.unicodeScalars.count + label.value.unicodeScalars.count }
        return count <= ExposedExemplar.labelCharactersMax
    }
}
