import Model

/// The newest sample of a series.
struct FederatedSample: Sendable {
    var labels: Labels
    var timestamp: Int64
    var value: Double
    /// The sample where it is a native histogram.
    var histogram: Histogram?
}

/// The newest samples from `minTime` to `maxTime` of the series that any of `selectors` selects, sorted by metric name and
/// then by labels, each series once. Series that have ended are left out, and those without a name.
func federatedSamples(
    _ queryable: any Queryable, _ selectors: [[Matcher]], minTime: Int64, maxTime: Int64
) throws(StorageError) -> [FederatedSample] {
    let querier = try queryable.querier(minTime: minTime, maxTime: maxTime)
    defer { querier.close() }
    let buffer = SampleBuffer()
    var seen: Set<Labels> = []
    var samples: [FederatedSample] = []
    for matchers in selectors {
        let set = try querier.select(matchers, hints: SelectHints(minTime: minTime, maxTime: maxTime))
        for index in 0..<set.count {
            let labels = set.labels(index)
            guard labels.metricName != nil, seen.insert(labels).inserted else { continue }
            buffer.removeAll()
            try set.read(index, into: buffer)
            if let sample = newest(buffer, labels) { samples.append(sample) }
        }
    }
    return samples.map { ($0, $0.labels.metricName ?? "") }
        .sorted { $0.1 == $1.1 ? $0.0.labels < $1.0.labels : byteOrder($0.1, $1.1) }
        .map(\.0)
}

private func newest(_ buffer: SampleBuffer, _ labels: Labels) -> FederatedSample? {
    let last = buffer.count - 1
    guard last >= 0 else { return nil }
    let histogram = buffer.histograms.last.flatMap { $0.index == last ? $0.histogram : nil }
    let value = buffer.values[last]
    if let histogram { if histogram.isStale { return nil } } else if StaleMarker.isStale(value) { return nil }
    return FederatedSample(labels: labels, timestamp: buffer.timestamps[last], value: value, histogram: histogram)
}
