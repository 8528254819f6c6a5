import Model

extension View {
    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet {
        try checkOpen()
        let low = max(minTime, hints.minTime)
        let high = min(maxTime, hints.maxTime)
        let ids = withSamples(state.index.match(matchers), low, high)
        let blocks = blocks.overlapping(low, high)
        return StoredSeriesSet(
            view: self, series: state.index.sortedByLabels(ids), blocks: blocks, minTime: low, maxTime: high,
            keepsRows: state.rowCache.hasRoom(for: ids.count, of: blocks))
    }

    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels] {
        try checkOpen()
        let ids = withSamples(union(selectors), minTime, maxTime)
        let sorted = state.index.sortedByLabels(ids)
        return (limit > 0 ? sorted.prefix(limit) : sorted[...]).compactMap { state.index.labels(of: $0) }
    }

    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] {
        try checkOpen()
        let names = state.index.labelNames(of: try idsForLabels(selectors))
        return limit > 0 ? Array(names.prefix(limit)) : names
    }

    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] {
        try checkOpen()
        let values = state.index.labelValues(name, of: try idsForLabels(selectors))
        return limit > 0 ? Array(values.prefix(limit)) : values
    }

    /// The series whose labels count, or nil for all published ones: which is so where the view reaches over all there
    /// is, and no selector narrows it.
    private func idsForLabels(_ selectors: [[Matcher]]) throws(StorageError) -> [UInt32]? {
        let coversAll = minTime <= Head.minTime && maxTime >= Head.maxTime
        if selectors.isEmpty && coversAll { return nil }
        return withSamples(union(selectors), minTime, maxTime)
    }

    /// The series that any of `selectors` selects, ascending; all where there is no selector.
    private func union(_ selectors: [[Matcher]]) -> [UInt32] {
        if selectors.isEmpty { return state.index.match([]) }
        if selectors.count == 1 { return state.index.match(selectors[0]) }
        return Set(selectors.flatMap { state.index.match($0) }).sorted()
    }

    /// Those of `ids`, ascending, that may have samples from `low` to `high` in this view.
    private func withSamples(_ ids: [UInt32], _ low: Int64, _ high: Int64) -> [UInt32] {
        guard low <= high else { return [] }
        var found = [Bool](repeating: false, count: ids.count)
        state.head.mark(ids, head, low, high, in: &found)
        for block in blocks.overlapping(low, high).reversed() {
            if found.allSatisfy({ $0 }) { break }
            block.series.mark(ids, in: &found)
        }
        return zip(ids, found).compactMap { $1 ? $0 : nil }
    }
}

extension [Block] {
    /// The blocks that have samples from `low` to `high`.
    func overlapping(_ low: Int64, _ high: Int64) -> [Block] {
        filter { $0.minTime <= high && $0.maxTime >= low }
    }
}
