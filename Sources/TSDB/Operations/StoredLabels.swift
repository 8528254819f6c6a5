import Model

/// The tables `label` and `series` as they are stored, for operations that look at all of a database. Rows that are not
/// sound are named instead of read.
struct StoredLabels {
    struct Pair: Hashable {
        let name: [UInt8]
        let value: [UInt8]
    }

    /// A row that cannot be used as it is.
    struct Damage {
        let row: Int64
        let problem: String
        /// The list of pairs that the row should have, where that can be told.
        var pairs: [UInt32]?
        /// The checksum that it should have with them.
        var checksum: Int64 = 0
    }

    /// By the number of the row.
    private(set) var pairs: [UInt32: Pair] = [:]
    /// The pairs of each series that has a usable row, sorted by name.
    private(set) var series: [UInt32: [UInt32]] = [:]
    private(set) var damagedLabels: [Damage] = []
    private(set) var damagedSeries: [Damage] = []
    /// Rows of the table `series`.
    private(set) var seriesRows = 0
    /// Per pair that another row has too: that row.
    private var sameAs: [UInt32: UInt32] = [:]

    /// - Parameter isChecked: whether the rows of series have checksums.
    init(_ loader: Loader, isChecked: Bool = true) throws(StorageError) {
        var rowsByPair: [Pair: UInt32] = [:]
        try loader.labels { row, name, value in addLabel(row, Pair(name: Array(name), value: Array(value)), &rowsByPair)
        }
        rowsByPair = [:]
        var idsByPairs: [[UInt32]: UInt32] = [:]
        try loader.series { row, list, checksum in addSeries(row, list, isChecked ? checksum : nil, &idsByPairs) }
    }

    private mutating func addLabel(_ row: Int64, _ pair: Pair, _ rowsByPair: inout [Pair: UInt32]) {
        guard let id = UInt32(exactly: row), id < SeriesIndex.pairsMax else {
            damagedLabels.append(Damage(row: row, problem: "its number is not from 0 to \(SeriesIndex.pairsMax - 1)"))
            return
        }
        guard !pair.name.isEmpty, !pair.value.isEmpty else {
            damagedLabels.append(Damage(row: row, problem: "its \(pair.name.isEmpty ? "name" : "value") is empty"))
            return
        }
        pairs[id] = pair
        if let first = rowsByPair[pair] {
            sameAs[id] = first
            damagedLabels.append(Damage(row: row, problem: "row \(first) is the same pair, \(text(of: pair))"))
        } else {
            rowsByPair[pair] = id
        }
    }

    private mutating func addSeries(
        _ row: Int64, _ list: UnsafeRawBufferPointer, _ checksum: Int64?, _ idsByPairs: inout [[UInt32]: UInt32]
    ) {
        seriesRows += 1
        do throws(DecodeError) {
            guard let id = UInt32(exactly: row), id > 0, id < SeriesIndex.seriesEnd else {
                throw DecodeError("its number is not from 1 to \(SeriesIndex.seriesEnd - 1)")
            }
            let stored = try readPairs(list)
            let sorted = try sortedPairs(stored)
            if let other = idsByPairs[sorted] {
                throw DecodeError("series \(other) has the same labels, \(labels(of: sorted))")
            }
            let sum = RowChecksum.series(id, labels: labels(of: sorted).encoded)
            guard checksum == nil || checksum == sum else {
                throw DecodeError("its labels are \(labels(of: sorted)), and the checksum does not match")
            }
            idsByPairs[sorted] = id
            series[id] = sorted
            if sorted != stored {
                damagedSeries.append(
                    Damage(
                        row: row, problem: "its labels are not sorted by name, or name one twice", pairs: sorted,
                        checksum: sum))
            }
        } catch {
            damagedSeries.append(Damage(row: row, problem: "\(error)"))
        }
    }

    private func readPairs(_ list: UnsafeRawBufferPointer) throws(DecodeError) -> [UInt32] {
        var reader = ByteReader(list)
        var stored: [UInt32] = []
        while reader.remaining > 0 {
            let number = UInt32(try reader.count(max: Int(SeriesIndex.pairsMax) - 1))
            guard pairs[number] != nil else { throw DecodeError("it names label row \(number), which is not there") }
            stored.append(number)
        }
        guard stored.count <= SeriesIndex.labelsMax else {
            throw DecodeError("it has \(stored.count) labels, at most \(SeriesIndex.labelsMax) are possible")
        }
        return stored
    }

    private func sortedPairs(_ stored: [UInt32]) throws(DecodeError) -> [UInt32] {
        func name(_ id: UInt32) -> [UInt8] { pairs[id]?.name ?? [] }
        var sorted = stored.map { sameAs[$0] ?? $0 }
        let isSorted = zip(sorted, sorted.dropFirst()).allSatisfy { name($0).lexicographicallyPrecedes(name($1)) }
        if !isSorted { sorted = Set(sorted).sorted { name($0).lexicographicallyPrecedes(name($1)) } }
        for (left, right) in zip(sorted, sorted.dropFirst()) where name(left) == name(right) {
            throw DecodeError("it has two values of the label \(String(decoding: name(left), as: UTF8.self))")
        }
        return sorted
    }

    /// The labels of a series, or nil where it has no usable row.
    func labels(_ id: UInt32) -> Labels? { series[id].map { labels(of: $0) } }

    private func labels(of ids: [UInt32]) -> Labels {
        var encoded: [UInt8] = []
        for id in ids {
            guard let pair = pairs[id] else { continue }
            pair.name.withUnsafeBufferPointer { encoded.appendLabelString($0) }
            pair.value.withUnsafeBufferPointer { encoded.appendLabelString($0) }
        }
        return Labels(encoded: encoded)
    }

    private func text(of pair: Pair) -> String {
        "\(String(decoding: pair.name, as: UTF8.self))=\"\(String(decoding: pair.value, as: UTF8.self))\""
    }
}

extension Labels {
    /// Stored bytes as labels, or nil where they are not in this type's layout.
    init?(stored bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            guard (try? reader.labelString()) != nil, (try? reader.labelString()) != nil else { return nil }
        }
        self.init(encoded: Array(bytes))
    }
}

extension ByteReader {
    /// A name or value in the layout of ``Labels/encoded``.
    mutating func labelString() throws(DecodeError) -> UnsafeRawBufferPointer {
        var count = Int(try byte())
        if count == 255 {
            count = Int(try byte()) | Int(try byte()) << 8
            count |= Int(try byte()) << 16
        }
        return try bytes(count)
    }
}
