import Model

extension SeriesIndex {
    /// `ids` sorted by the labels of their series. Series that were forgotten meanwhile are left out.
    func sortedByLabels(_ ids: [UInt32]) -> [UInt32] {
        lock.read {
            var entries = ids.compactMap { id in series[id].map { (id: id, pairs: $0.pointee.pairNumbers) } }
            // Held once, not for each comparison.
            let labels = labels
            labels.sort(&entries)
            return entries.map(\.id)
        }
    }

    /// The labels of a series; nil where it was forgotten.
    func labels(of id: UInt32) -> Labels? {
        lock.read { series[id].map { labels.labels($0.pointee.pairNumbers) } }
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
