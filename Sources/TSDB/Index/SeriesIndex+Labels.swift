import Model

/// A series with its labels.
struct LabelledSeries: Sendable {
    let id: UInt32
    let labels: Labels
}

extension SeriesIndex {
    /// The labels of `ids`, sorted by them. Series that were forgotten meanwhile are left out.
    func labelled(_ ids: [UInt32]) -> [LabelledSeries] {
        lock.read {
            let entries = ids.compactMap { id in series[id].map { (id: id, pairs: $0.pointee.pairNumbers) } }
            let sorted = entries.sorted { precedes($0.pairs, $1.pairs) }
            var encoded: [UInt8] = []
            return sorted.compactMap { entry in
                guard let series = series[entry.id] else { return nil }
                buildLabels(series.pointee, into: &encoded)
                return LabelledSeries(id: entry.id, labels: Labels(encoded: Array(encoded)))
            }
        }
    }

    /// Whether the labels of `a` sort before those of `b`. Series of one metric share most pairs, and a shared pair is
    /// told by its number.
    private func precedes(_ a: UnsafeBufferPointer<UInt32>, _ b: UnsafeBufferPointer<UInt32>) -> Bool {
        var index = 0
        while index < a.count, index < b.count, a[index] == b[index] { index += 1 }
        guard index < a.count, index < b.count else { return a.count < b.count }
        let left = labels.pairs[Int(a[index])].name
        let right = labels.pairs[Int(b[index])].name
        if left != right {
            return labels.names[Int(left)].bytes.lexicographicallyPrecedes(labels.names[Int(right)].bytes)
        }
        return labels.withValue(a[index]) { a in labels.withValue(b[index]) { b in compareBytes(a, b) < 0 } }
    }

    /// The names of the labels that any of `ids` has (any published series, where it is nil), sorted by bytes.
    func labelNames(of ids: [UInt32]?) -> [String] {
        lock.read {
            var found = [Bool](repeating: false, count: labels.names.count)
            if let ids {
                forEachPair(of: ids) { found[Int(labels.pairs[Int($0)].name)] = true }
            } else {
                for (index, name) in labels.names.enumerated() { found[index] = name.pairs.contains(where: isUsed) }
            }
            return found.indices.filter { found[$0] }.map { labels.nameText(UInt32($0)) }.sorted(by: byteOrder)
        }
    }

    /// The values that any of `ids` (any published series, where it is nil) has of the label `name`, sorted by bytes.
    func labelValues(_ name: String, of ids: [UInt32]?) -> [String] {
        lock.read {
            guard let name = nameNumber(name) else { return [] }
            var pairs = Set<UInt32>()
            if let ids {
                for id in ids { if let pair = pair(of: id, named: name) { pairs.insert(pair) } }
            } else {
                pairs = Set(labels.names[Int(name)].pairs.filter(isUsed))
            }
            return pairs.map { labels.value($0) }.sorted(by: byteOrder)
        }
    }

    private func isUsed(_ pair: UInt32) -> Bool { !labels.postings[Int(pair)].isEmpty }

    private func forEachPair(of ids: [UInt32], _ body: (UInt32) -> Void) {
        for id in ids {
            guard let entry = series[id]?.pointee else { continue }
            for pair in entry.pairNumbers { body(pair) }
        }
    }
}
