import Model
import Scraper

/// The labels that series have for a receiver: with the external ones, and relabelled. Used by one thread.
struct OutgoingSeries {
    enum Fate {
        case sent(Labels)
        /// By `write_relabel_configs`.
        case dropped
        /// It was deleted from the store meanwhile.
        case unknown
    }

    private let externalLabels: Labels
    private let rules: [RelabelRule]
    private var known: [SeriesRef: Labels?] = [:]

    /// How many series are remembered; when there are more, all are looked up anew. 200 bytes each.
    private static let knownMax = 1 << 18

    init(externalLabels: Labels, rules: [RelabelRule]) {
        self.externalLabels = externalLabels
        self.rules = rules
    }

    mutating func fate(of ref: SeriesRef, _ labels: (SeriesRef) -> Labels?) -> Fate {
        if let found = known[ref] { return found.map { .sent($0) } ?? .dropped }
        guard let own = labels(ref) else { return .unknown }
        if known.count >= OutgoingSeries.knownMax { known.removeAll() }
        let outside = relabelled(own)
        known[ref] = .some(outside)
        return outside.map { .sent($0) } ?? .dropped
    }

    /// Nil where the rules drop the series.
    /// - Source: Prometheus 3.5: a series' own label wins over an external one.
    private func relabelled(_ own: Labels) -> Labels? {
        var builder = LabelsBuilder(externalLabels)
        for label in own { builder.set(label.name, label.value) }
        guard rules.apply(&builder) else { return nil }
        let labels = builder.labels()
        return labels.isEmpty ? nil : labels
    }
}
