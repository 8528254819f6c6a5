import Model

/// Pairs in the order in which labels sort: by name, then by value, bytes compared as unsigned.
extension LabelPairs {
    private func compare(_ a: UInt32, _ b: UInt32) -> Int {
        let (left, right) = (pairs[Int(a)].name, pairs[Int(b)].name)
        if left != right {
            let order = withName(left) { left in withName(right) { compareBytes(left, $0) } }
            if order != 0 { return order }
        }
        return withValue(a) { left in withValue(b) { compareBytes(left, $0) } }
    }

    /// Whether series with the pairs `a` sort before those with `b`. Series of one metric share most pairs, and a shared
    /// pair is told by its number.
    func precedes(_ a: UnsafeBufferPointer<UInt32>, _ b: UnsafeBufferPointer<UInt32>) -> Bool {
        let index = firstDifference(a, b)
        guard index < a.count, index < b.count else { return a.count < b.count }
        return compare(a[index], b[index]) < 0
    }

    /// Sorts series by the pairs that each of them has.
    func sort(_ series: inout [(id: UInt32, pairs: UnsafeBufferPointer<UInt32>)]) {
        // Where there are more series than pairs, it is those that are sorted by their bytes, and series by numbers.
        guard series.count > pairs.count / 4 else { return series.sort { precedes($0.pairs, $1.pairs) } }
        let ranks = ranks(series)
        ranks.withUnsafeBufferPointer { ranks in
            series.sort { a, b in
                let index = firstDifference(a.pairs, b.pairs)
                guard index < a.pairs.count, index < b.pairs.count else { return a.pairs.count < b.pairs.count }
                return ranks[Int(a.pairs[index])] < ranks[Int(b.pairs[index])]
            }
        }
    }

    /// Per pair that any of `series` has its place among those.
    private func ranks(_ series: [(id: UInt32, pairs: UnsafeBufferPointer<UInt32>)]) -> [UInt32] {
        var ranks = [UInt32](repeating: .max, count: pairs.count)
        var used: [UInt32] = []
        for one in series {
            for pair in one.pairs where ranks[Int(pair)] == .max {
                ranks[Int(pair)] = 0
                used.append(pair)
            }
        }
        used.sort { compare($0, $1) < 0 }
        for (rank, pair) in used.enumerated() { ranks[Int(pair)] = UInt32(rank) }
        return ranks
    }
}

@inline(__always)
private func firstDifference(_ a: UnsafeBufferPointer<UInt32>, _ b: UnsafeBufferPointer<UInt32>) -> Int {
    var index = 0
    while index < a.count, index < b.count, a[index] == b[index] { index += 1 }
    return index
}
