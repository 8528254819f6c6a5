import Model

extension SeriesIndex {
    /// The number of pairs that published series have.
    var pairCount: Int { lock.read { labels.postings.count { !$0.isEmpty } } }

    func cardinality(limit: Int) -> Cardinality {
        lock.read {
            let metricName = nameNumber(Labels.metricNameLabel)
            var metrics: [Cardinality.Entry] = []
            var values: [Cardinality.Entry] = []
            var bytes: [Cardinality.Entry] = []
            var pairs: [Cardinality.Entry] = []
            for number in labels.names.indices {
                let name = labels.nameText(UInt32(number))
                let used = labels.names[number].pairs.filter { !labels.postings[Int($0)].isEmpty }
                guard !used.isEmpty else { continue }
                let counts = used.map { (pair: $0, series: labels.postings[Int($0)].count) }
                values.append(.init(name: name, count: used.count))
                bytes.append(
                    .init(
                        name: name, count: counts.reduce(0) { $0 + $1.series * Int(labels.pairs[Int($1.pair)].count) }))
                for (pair, count) in counts.sorted(by: { $0.series > $1.series }).prefix(max(limit, 0)) {
                    pairs.append(.init(name: "\(name)=\(labels.value(pair))", count: count))
                }
                if metricName == UInt32(number) {
                    metrics = counts.map { .init(name: labels.value($0.pair), count: $0.series) }
                }
            }
            return Cardinality(
                seriesByMetricName: metrics.top(limit), valuesByLabelName: values.top(limit),
                bytesByLabelName: bytes.top(limit), seriesByLabelPair: pairs.top(limit))
        }
    }
}

extension [Cardinality.Entry] {
    fileprivate func top(_ limit: Int) -> [Element] {
        let sorted = sorted { $0.count != $1.count ? $0.count > $1.count : byteOrder($0.name, $1.name) }
        return Array(sorted.prefix(Swift.max(limit, 0)))
    }
}
