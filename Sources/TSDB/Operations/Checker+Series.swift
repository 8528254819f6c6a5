import Model

extension Checker {
    func checkSettings() throws(StorageError) {
        let damaged = try loader.damagedSettings()
        for key in damaged where MetaKey(rawValue: key) != .nextSeries {
            let isSealedEnd = MetaKey(rawValue: key) == .sealedEnd
            find(
                "table meta, \(key)", "the checksum does not match", isSealedEnd ? .setMeta(.sealedEnd, nil) : nil)
        }
        if damaged.contains(MetaKey.blockMs.rawValue) { return }
        legacyBlockMs = try loader.meta(.blockMs) ?? 0
        if try loader.meta(.blockMs) != nil, !(1...DatabaseOptions.blockMsMax).contains(legacyBlockMs) {
            find(
                "table meta, block_ms",
                "it is \(legacyBlockMs), from 1 to \(DatabaseOptions.blockMsMax) ms were expected")
        }
        if let end = try loader.meta(.sealedEnd), !(Head.minTime...Head.maxTime).contains(end) {
            find("table meta, sealed_end", "\(end) is no time that a sample can have", .setMeta(.sealedEnd, nil))
        }
        let highest = try connection.integer("SELECT max(id) FROM series") ?? 0
        guard let next = try loader.meta(.nextSeries) else {
            let problem =
                damaged.contains(MetaKey.nextSeries.rawValue) ? "the checksum does not match" : "it is missing"
            return find("table meta, next_series", problem, .setMeta(.nextSeries, highest + 1))
        }
        if !(1...Int64(SeriesIndex.seriesEnd)).contains(next) {
            find(
                "table meta, next_series", "it is \(next), from 1 to \(SeriesIndex.seriesEnd) was expected",
                .setMeta(.nextSeries, min(max(highest + 1, 1), Int64(SeriesIndex.seriesEnd))))
        }
    }

    func checkSeries() throws(StorageError) {
        report(OperationProgress(stage: "checking series"))
        let stored = try StoredLabels(loader)
        self.stored = stored
        result.series = stored.seriesRows
        for label in stored.damagedLabels { find("label row \(label.row)", label.problem, .deleteLabel(label.row)) }
        for series in stored.damagedSeries {
            if let pairs = series.pairs, let id = UInt32(exactly: series.row) {
                find(text(ofSeries: id), series.problem, .storeSeries(id, pairs: pairs, checksum: series.checksum))
            } else {
                let place = "series row \(series.row)"
                find(place, series.problem, .setAsideSeries(series.row, reason: "\(place): \(series.problem)"))
            }
        }
    }

    /// Says of each series that has samples and no sound row how many these are.
    func nameOwnerless() {
        for (id, lost) in ownerless.sorted(by: { $0.key < $1.key }) {
            let blocks = lost.rows.isEmpty ? "" : "\(lost.samples) samples in \(lost.rows.count) blocks"
            let journal = lost.journalSamples == 0 ? "" : "\(lost.journalSamples) samples in the journal"
            let what = [blocks, journal].filter { !$0.isEmpty }.joined(separator: " and ")
            let problem = "it has \(what), and no sound row in `series` that says whose they are"
            let reason = "series \(id): it has no sound row"
            find("series \(id)", problem, .setAsideSeries(Int64(id), reason: reason))
            for row in lost.rows { steps += [.setAsideChunk(row, reason: reason), .rebuildBlock(row >> 32)] }
            if lost.journalSamples > 0 { steps.append(.sealJournal) }
        }
    }

    func checkExemplars() throws(StorageError) {
        let statement = try connection.prepare(
            "SELECT id, series, time, value, labels, checksum FROM exemplar ORDER BY id")
        while try statement.step() {
            result.exemplars += 1
            let row = statement.integer(0)
            let series = statement.integer(1)
            let sum = RowChecksum.exemplar(
                series: series, time: statement.integer(2), value: statement.integer(3), labels: statement.blob(4))
            let problem: String? =
                if series < 1 || series >= Int64(SeriesIndex.seriesEnd) {
                    "\(series) is no series number"
                } else if !(Head.minTime...Head.maxTime).contains(statement.integer(2)) {
                    "\(statement.integer(2)) is no time that a sample can have"
                } else if Labels(stored: statement.blob(4)) == nil {
                    "its labels are damaged"
                } else if sum != statement.integer(5) {
                    "the checksum does not match"
                } else {
                    nil
                }
            if let problem { find("exemplar \(row) of series \(series)", problem, .deleteExemplar(row)) }
        }
    }

    func checkMetadata() throws(StorageError) {
        try loader.metadata { metadata, type, isSound in
            let isKnown = MetricMetadata.MetricType(rawValue: type) != nil
            if isSound, isKnown { return }
            find(
                "metadata of \(metadata.metric)",
                isKnown ? "the checksum does not match" : "there is no type '\(type)'", .deleteMetadata(metadata.metric)
            )
        }
    }

    /// The most rows of `damaged` that are told one by one.
    private static let damagedListedMax = 100

    func listDamaged() throws(StorageError) {
        let statement = try connection.prepare("SELECT length(data), reason FROM damaged ORDER BY id")
        var count = 0
        while try statement.step() {
            count += 1
            guard count <= Checker.damagedListedMax else { continue }
            result.notes.append("set aside before, \(statement.integer(0)) bytes: \(statement.text(1))")
        }
        let more = count - Checker.damagedListedMax
        if more > 0 { result.notes.append("\(more) more rows were set aside before, see the table `damaged`") }
    }
}
