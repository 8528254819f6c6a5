import Model

extension SeriesIndex {
    /// The numbers of the series with these labels; new ones are given to those that are not known.
    func resolve(_ wanted: [Labels]) throws(StorageError) -> [SeriesRef] {
        var refs: [SeriesRef] = []
        refs.reserveCapacity(wanted.count)
        var missing: [Int] = []
        lock.read {
            for (index, labels) in wanted.enumerated() {
                let id = find(labels, hash: labels.tableHash)
                if id == nil { missing.append(index) }
                refs.append(SeriesRef(id: id ?? 0))
            }
        }
        if missing.isEmpty { return refs }
        try lock.write { () throws(StorageError) in
            for index in missing { refs[index] = SeriesRef(id: try findOrCreate(wanted[index])) }
        }
        return refs
    }

    private func find(_ labels: Labels, hash: UInt64) -> UInt32? {
        byLabels.find(hash) { id in labels.encoded.withUnsafeBufferPointer { has(id, $0) } }
    }

    private func findOrCreate(_ wanted: Labels) throws(StorageError) -> UInt32 {
        let hash = wanted.tableHash
        if let known = find(wanted, hash: hash) { return known }
        if let problem = wanted.problem { throw .io("cannot store a series: \(problem)") }
        guard nextSeries < SeriesIndex.seriesEnd else {
            throw .io("all \(SeriesIndex.seriesEnd) series numbers are used up")
        }
        guard labels.hasRoom(for: wanted) else { throw .io("the label values in memory take 4 GiB, no more are taken") }
        var pairs: [UInt32] = []
        wanted.forEachBytes { name, value in pairs.append(labels.intern(name, value)) }
        for pair in pairs { labels.addUse(pair) }
        let id = nextSeries
        nextSeries += 1
        _ = series.insert(id, IndexedSeries(pairs))
        byLabels.insert(hash, id)
        return id
    }

    /// Lets queries find series whose first sample is committed.
    func publish(_ ids: [UInt32]) {
        guard !ids.isEmpty else { return }
        lock.write {
            for id in ids.sorted() {
                guard let entry = series[id], !entry.pointee.isPublished else { continue }
                entry.pointee.isPublished = true
                for pair in entry.pointee.pairNumbers { labels.publish(id, to: pair) }
                published.insertAscending(id)
            }
        }
    }

    /// What the database is told about new series. Their pairs count as stored from now on; where the commit fails, the
    /// caller takes that back with ``unstorePairs(_:)``.
    func storedForm(of ids: [UInt32]) -> NewSeriesRows {
        if ids.isEmpty { return NewSeriesRows() }
        return lock.write {
            var rows = NewSeriesRows()
            var encoded: [UInt8] = []
            for id in ids {
                guard let entry = series[id]?.pointee else { continue }
                var list: [UInt8] = []
                for pair in entry.pairNumbers {
                    list.appendVarint(UInt64(pair))
                    guard !labels.pairs[Int(pair)].isPersisted else { continue }
                    labels.setPersisted(pair)
                    let name = labels.withName(labels.pairs[Int(pair)].name) { Array($0) }
                    rows.labels.append((pair, name, labels.withValue(pair) { Array($0) }))
                }
                buildLabels(entry, into: &encoded)
                rows.series.append((id, list, RowChecksum.series(id, labels: encoded)))
            }
            return rows
        }
    }

    func unstorePairs(_ rows: NewSeriesRows) {
        lock.write {
            for label in rows.labels { labels.setPersisted(label.id, false) }
        }
    }
}

/// Rows for series that are new.
struct NewSeriesRows {
    var labels: [(id: UInt32, name: [UInt8], value: [UInt8])] = []
    /// With the numbers of their labels as varints.
    var series: [(id: UInt32, labels: [UInt8], checksum: Int64)] = []
}

extension SeriesIndex {
    /// Adds a pair from the database, while it is opened. The pairs come before the series.
    func loadPair(_ id: UInt32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        lock.write { labels.load(id, name, value) }
    }

    /// Adds a published series from the database, while it is opened, in ascending order of number.
    /// - Parameter checksum: ``RowChecksum/series(_:labels:)``, as stored.
    /// - Returns: false where the row names a pair that there is not, other labels than it did when it was written, or
    ///   such that another series has.
    func loadSeries(_ id: UInt32, pairs: [UInt32], checksum: Int64, scratch: inout [UInt8]) -> Bool {
        lock.write {
            let areKnown = pairs.allSatisfy { Int($0) < labels.pairs.count && labels.pairs[Int($0)].name != .max }
            guard areKnown, pairs.count <= SeriesIndex.labelsMax, series[id] == nil, id < SeriesIndex.seriesEnd else {
                return false
            }
            var entry = IndexedSeries(pairs)
            buildLabels(entry, into: &scratch)
            let hash = scratch.withUnsafeBufferPointer { tableHash($0) }
            let known = byLabels.find(hash) { id in scratch.withUnsafeBufferPointer { has(id, $0) } }
            guard known == nil, RowChecksum.series(id, labels: scratch) == checksum else {
                entry.deallocate()
                return false
            }
            entry.isPublished = true
            _ = series.insert(id, entry)
            byLabels.insert(hash, id)
            for pair in pairs {
                labels.addUse(pair)
                labels.publish(id, to: pair)
            }
            published.insertAscending(id)
            return true
        }
    }

    /// Lets no new series have the number `id`, or a lower one, while the database is opened.
    func keepNumber(_ id: UInt32) {
        guard id < SeriesIndex.seriesEnd else { return }
        lock.write { nextSeries = max(nextSeries, id + 1) }
    }

    func finishLoading() {
        lock.write { labels.finishLoading() }
    }
}
