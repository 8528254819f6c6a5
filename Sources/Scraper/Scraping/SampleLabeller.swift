import Model

/// Why a scrape failed, in the words that users look for.
struct ScrapeFailure: Error, Sendable, Equatable {
    enum Kind: Sendable {
        case sampleLimit, labelLimit, bodyLimit, bucketLimit, cancelled, other
    }

    var kind = Kind.other
    let message: String

    /// Of a scrape that nobody wants any more.
    static let stopped = ScrapeFailure(kind: .cancelled, message: "the server stops")
}

/// Turns the labels that a page exposes into those of the series that is stored.
struct SampleLabeller: Sendable {
    /// Without `__name__`.
    let targetLabels: Labels
    let honorLabels: Bool
    let rules: [RelabelRule]
    let limits: ScrapeLimits
    /// Whether names may only have letters, digits and underscores.
    var hasLegacyNames = false

    /// The labels of the series, or nil where relabelling drops it.
    ///
    /// - Parameter exposed: as the page has them, empty values included.
    /// - Source: Prometheus 3.5, `scrape.mutateSampleLabels` and `verifyLabelLimits`.
    func series(_ exposed: [Label]) throws(ScrapeFailure) -> Labels? {
        var builder = LabelsBuilder(exposed)
        if honorLabels {
            for label in targetLabels where !exposed.contains(where: { $0.name == label.name }) {
                builder.set(label.name, label.value)
            }
        } else {
            override(&builder)
        }
        guard rules.apply(&builder) else { return nil }
        let labels = builder.labels()
        guard labels.metricName != nil else {
            throw ScrapeFailure(message: "missing metric name (__name__ label)")
        }
        if hasLegacyNames, !labels.areLegacy {
            throw ScrapeFailure(message: "invalid metric name or label names: \(labels)")
        }
        try check(labels)
        return labels
    }

    /// Labels of the report series `name` about the scrape itself.
    func report(_ name: String) -> Labels {
        var builder = LabelsBuilder(targetLabels)
        builder.set(Labels.metricNameLabel, name)
        return builder.labels()
    }

    /// Gives the target's labels precedence; exposed ones of the same name get `exported_` before them, repeatedly if need be.
    private func override(_ builder: inout LabelsBuilder) {
        for label in targetLabels {
            if let value = builder[label.name] {
                var name = "exported_" + label.name
                while builder[name] != nil || targetLabels[name] != nil { name = "exported_" + name }
                builder.set(name, value)
            }
            builder.set(label.name, label.value)
        }
    }

    private func check(_ labels: Labels) throws(ScrapeFailure) {
        guard limits.labels > 0 || limits.labelNameBytes > 0 || limits.labelValueBytes > 0 else { return }
        let metric = (labels.metricName ?? "").prefix(50)
        let count = labels.count
        if limits.labels > 0, count > limits.labels {
            throw ScrapeFailure(
                kind: .labelLimit,
                message: "label_limit exceeded (metric: \(metric), number of labels: \(count), limit: \(limits.labels))"
            )
        }
        for label in labels {
            let (nameBytes, valueBytes) = (label.name.utf8.count, label.value.utf8.count)
            if limits.labelNameBytes > 0, nameBytes > limits.labelNameBytes {
                throw ScrapeFailure(
                    kind: .labelLimit,
                    message:
                        "label_name_length_limit exceeded (metric: \(metric), label name: \(label.name.prefix(50)), "
                        + "length: \(nameBytes), limit: \(limits.labelNameBytes))")
            }
            if limits.labelValueBytes > 0, valueBytes > limits.labelValueBytes {
                throw ScrapeFailure(
                    kind: .labelLimit,
                    message:
                        "label_value_length_limit exceeded (metric: \(metric), label name: \(label.name.prefix(50)), "
                        + "value: \(quoted(label.value.prefix(50))), length: \(valueBytes), "
                        + "limit: \(limits.labelValueBytes))"
                )
            }
        }
    }
}

extension Labels {
    /// Whether no name needs quotes.
    fileprivate var areLegacy: Bool {
        allSatisfy { $0.name == Labels.metricNameLabel ? isLegacyMetricName($0.value) : isLegacyLabelName($0.name) }
    }
}
