import Model

extension SeriesIndex {
    /// The series that `hasSamples` says have none, as far as they can be forgotten.
    ///
    /// One that is resolved and waits for its first sample is only dropped when it is found so a second time.
    func unused(max count: Int, _ hasSamples: (UInt32) -> Bool) -> [UInt32] {
        lock.write {
            var found: [UInt32] = []
            series.forEach { id, entry in
                guard found.count < count, !hasSamples(id) else { return }
                if entry.pointee.isPublished || entry.pointee.isStale { found.append(id) }
                entry.pointee.isStale = true
            }
            return found
        }
    }

    /// The pairs that are no longer used when `ids` are gone, and have rows in the database, which the caller deletes.
    ///
    /// They count as not stored from now on: a new series that comes to use one of them meanwhile stores it again.
    func releasePairs(onlyUsedBy ids: [UInt32]) -> [UInt32] {
        lock.write {
            var uses: [UInt32: UInt32] = [:]
            for id in ids {
                for pair in series[id]?.pointee.pairNumbers ?? .init(start: nil, count: 0) {
                    uses[pair, default: 0] += 1
                }
            }
            let released = uses.filter { pair, count in
                labels.pairs[Int(pair)].uses <= count && labels.pairs[Int(pair)].isPersisted
            }
            for pair in released.keys { labels.setPersisted(pair, false) }
            return Array(released.keys)
        }
    }

    /// Takes ``releasePairs(onlyUsedBy:)`` back.
    func keepPairs(_ pairs: [UInt32]) {
        lock.write {
            for pair in pairs { labels.setPersisted(pair) }
        }
    }

    /// Removes series; their numbers are not given again.
    func forget(_ ids: [UInt32]) {
        lock.write {
            var users: [(series: UInt32, pairs: [UInt32])] = []
            var encoded: [UInt8] = []
            for id in ids {
                guard let entry = series[id]?.pointee else { continue }
                buildLabels(entry, into: &encoded)
                byLabels.remove(encoded.withUnsafeBufferPointer { tableHash($0) }, id)
                users.append((id, Array(entry.pairNumbers)))
                entry.deallocate()
                series.remove(id)
            }
            let gone = Set(ids)
            published.removeAll { gone.contains($0) }
            labels.remove(users)
            byLabels.shrink()
        }
    }
}
