import Model

/// The populated buckets of one side of a histogram, each with a compensated count; sorted by index.
struct BucketSums {
    struct Entry {
        var index: Int
        var sum: CompensatedSum
    }

    private(set) var entries: [Entry] = []

    init() {}

    init(_ spans: [Histogram.Span], _ counts: [Double]) {
        entries.reserveCapacity(counts.count)
        Histogram.forEachBucket(spans, counts) { index, count in
            if count != 0 { entries.append(Entry(index: index, sum: CompensatedSum(sum: count))) }
        }
    }

    /// Adds buckets where there are entries for all of them; returns false, and changes nothing, where there are not.
    mutating func addInPlace(_ spans: [Histogram.Span], _ counts: [Double], factor: Double) -> Bool {
        var next = 0
        var fits = true
        Histogram.forEachBucket(spans, counts) { index, count in
            if count == 0 || !fits { return }
            while next < entries.count, entries[next].index < index { next += 1 }
            fits = next < entries.count && entries[next].index == index
        }
        guard fits else { return false }
        next = 0
        Histogram.forEachBucket(spans, counts) { index, count in
            if count == 0 { return }
            while entries[next].index < index { next += 1 }
            entries[next].sum.add(count * factor)
        }
        return true
    }

    mutating func add(_ other: BucketSums, factor: Double) {
        var merged: [Entry] = []
        merged.reserveCapacity(entries.count + other.entries.count)
        var mine = 0
        for var entry in other.entries {
            entry.sum.sum *= factor
            entry.sum.error *= factor
            while mine < entries.count, entries[mine].index < entry.index {
                merged.append(entries[mine])
                mine += 1
            }
            if mine < entries.count, entries[mine].index == entry.index {
                merged.append(Entry(index: entry.index, sum: SumFold.merge(entries[mine].sum, entry.sum)))
                mine += 1
            } else {
                merged.append(entry)
            }
        }
        merged += entries[mine...]
        entries = merged
    }

    /// Gives each bucket a new index, which must not change their order; buckets of one index become one.
    mutating func renumber(_ index: (Int) -> Int) {
        var result: [Entry] = []
        for entry in entries {
            let new = index(entry.index)
            if result.last?.index == new {
                result[result.count - 1].sum = SumFold.merge(result[result.count - 1].sum, entry.sum)
            } else {
                result.append(Entry(index: new, sum: entry.sum))
            }
        }
        entries = result
    }

    /// Takes out the first buckets, nearest to zero, up to the first for which `stays` holds.
    mutating func removeFirst(until stays: (Int) -> Bool) -> [Entry] {
        let end = entries.firstIndex { stays($0.index) } ?? entries.count
        let removed = Array(entries[..<end])
        entries.removeFirst(end)
        return removed
    }

    mutating func scale(_ factor: Double) {
        for index in entries.indices {
            entries[index].sum.sum *= factor
            entries[index].sum.error *= factor
        }
    }

    subscript(_ index: Int) -> Double {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].index == index ? entries[low].sum.total : 0
    }

    /// The buckets that hold anything as spans and counts, divided by `divisor` and multiplied by `factor`.
    func spans(dividedBy divisor: Double, times factor: Double) -> (spans: [Histogram.Span], counts: [Double]) {
        var spans: [Histogram.Span] = []
        var counts: [Double] = []
        var next = 0
        for entry in entries {
            let count = entry.sum.mean(divisor) * factor
            if count == 0 { continue }
            if let last = spans.indices.last, entry.index == next {
                spans[last].length += 1
            } else {
                spans.append(Histogram.Span(offset: Int32(clamping: entry.index &- next), length: 1))
            }
            counts.append(count)
            next = entry.index &+ 1
        }
        return (spans, counts)
    }
}

extension CompensatedSum {
    /// The total divided by `count`; each part of it, so that what is lost in one is not in the other.
    @inline(__always)
    func mean(_ count: Double) -> Double {
        if count == 1 { return total }
        return sum.isInfinite ? sum : sum / count + error / count
    }
}
