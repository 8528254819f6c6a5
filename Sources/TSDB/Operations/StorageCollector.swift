import Model

/// Adds up the rows of a database. Bytes of lists of timestamps are shared out among the rows that name them.
final class StorageCollector {
    private let connection: Connection
    private let loader: Loader
    private let progress: OperationProgress.Report
    private var report = StorageReport()
    private var series: [UInt32: StorageReport.Usage] = [:]
    private var encodings: [String: StorageReport.Usage] = [:]
    /// By days since the epoch.
    private var days: [Int64: StorageReport.Usage] = [:]

    private static let dayMs: Int64 = 86_400_000

    init(_ connection: Connection, _ progress: @escaping OperationProgress.Report) throws(StorageError) {
        self.connection = connection
        self.progress = progress
        loader = Loader(connection: connection)
    }

    func collect(limit: Int) throws(StorageError) -> StorageReport {
        try connection.execute("BEGIN")
        defer { try? connection.execute("COMMIT") }
        let page = try connection.integer("PRAGMA page_size") ?? 0
        report.fileBytes = page * (try connection.integer("PRAGMA page_count") ?? 0)
        report.freeBytes = page * (try connection.integer("PRAGMA freelist_count") ?? 0)
        report.logBytes = fileBytes(connection.path + "-wal")
        report.seriesBytes = try sum("length(name) + length(value)", of: "label") + sum("length(labels)", of: "series")
        report.exemplarBytes = try sum("length(labels) + 16", of: "exemplar")
        report.damagedBytes = try sum("length(data) + length(reason)", of: "damaged")
        let blocks = try loader.blocks().blocks
        report.blocks = blocks.count
        let total = blocks.reduce(0) { $0 + $1.byteCount }
        for block in blocks {
            progress(OperationProgress(stage: "reading blocks", done: report.blockBytes, total: total))
            try add(block)
        }
        report.leftoverBytes = try sum("length(data)", of: "chunk") - report.blockBytes
        try addJournal(sealedEnd: blocks.map(\.end).max())
        report.minTime = [report.minTime, blocks.map(\.minTime).min()].compactMap { $0 }.min()
        report.maxTime = [report.maxTime, blocks.map(\.maxTime).max()].compactMap { $0 }.max()
        try name(limit: limit)
        return report
    }

    private func sum(_ expression: String, of table: String) throws(StorageError) -> Int64 {
        try connection.integer("SELECT coalesce(sum(\(expression)), 0) FROM \(table)") ?? 0
    }

    private func add(_ block: Block) throws(StorageError) {
        let rows = try RowReader(connection)
        let start = block.number &* (try loader.meta(.blockMs) ?? 0)
        var extras = Extras()
        let statement = try connection.prepare("SELECT id, data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id")
        statement.bind(1, Block.firstRow(block.number))
        statement.bind(2, Block.lastRow(block.number))
        while try statement.step() {
            let row = statement.integer(0)
            let bytes = statement.blob(1)
            let id = UInt32(truncatingIfNeeded: row)
            report.blockBytes += Int64(bytes.count)
            guard id < SeriesIndex.seriesEnd else {
                addExtra(row, Int64(bytes.count), extras, block)
                continue
            }
            var length = Int64(bytes.count)
            if let split = try? SplitRow.header(bytes) {
                let first = Block.extraRow(block.number, split.firstPiece)
                extras.pieces.formUnion(first..<first + Int64(split.count))
                length += Int64(split.count * SplitRow.pieceBytes)
            }
            let found = try rows.withWhole(bytes, row: row) { (bytes) throws(DecodeError) in
                let bytes = bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
                let header = try BlockRow.header(bytes, row: row, blockStart: start)
                return (header, encodingName(bytes.first, header))
            }
            if case .success((let header, let encoding)) = found {
                if let list = header.timesList { extras.users[list, default: []].append(id) }
                add(id, header, length, encoding)
            } else {
                report.damagedRows += 1
                encodings["damaged", default: .init(name: "damaged")].add(rows: 1, samples: 0, bytes: length)
            }
        }
    }

    /// What a block's rows behind those of its series are.
    private struct Extras {
        /// The series that name each list of timestamps.
        var users: [UInt16: [UInt32]] = [:]
        var pieces = Set<Int64>()
    }

    private func addExtra(_ row: Int64, _ bytes: Int64, _ extras: Extras, _ block: Block) {
        if extras.pieces.contains(row) { return }
        let list = UInt16(UInt32(truncatingIfNeeded: row) - SeriesIndex.seriesEnd)
        if let ids = extras.users[list] { return share(bytes, among: ids, block) }
        encodings["no longer used", default: .init(name: "no longer used")].add(rows: 1, samples: 0, bytes: bytes)
    }

    private func add(_ id: UInt32, _ header: BlockRow.Header, _ bytes: Int64, _ encoding: String) {
        let samples = Int64(header.count)
        report.blockSamples += samples
        series[id, default: .init(name: "")].add(rows: 1, samples: samples, bytes: bytes)
        encodings[encoding, default: .init(name: encoding)].add(rows: 1, samples: samples, bytes: bytes)
        spread(samples, bytes, from: header.minTime, to: header.maxTime)
    }

    /// Counts samples and bytes for the days that they lie in, by time.
    private func spread(_ samples: Int64, _ bytes: Int64, from minTime: Int64, to maxTime: Int64) {
        let time = BlockTime(lengthMs: StorageCollector.dayMs)
        let (first, last) = (time.number(of: minTime), time.number(of: maxTime))
        var (samplesLeft, bytesLeft) = (samples, bytes)
        // A row of more days than this is of a database of another's making.
        if first < last, last - first < 1000 {
            let length = Double(maxTime - minTime)
            for day in first..<last {
                let part = Double(time.end(of: day) - max(minTime, time.start(of: day))) / length
                let (some, someBytes) = (Int64(Double(samples) * part), Int64(Double(bytes) * part))
                days[day, default: .init(name: "")].add(rows: 0, samples: some, bytes: someBytes)
                samplesLeft -= some
                bytesLeft -= someBytes
            }
        }
        days[last, default: .init(name: "")].add(rows: 0, samples: samplesLeft, bytes: bytesLeft)
    }

    private func share(_ bytes: Int64, among ids: [UInt32], _ block: Block) {
        encodings["lists of timestamps", default: .init(name: "lists of timestamps")].add(
            rows: 1, samples: 0, bytes: bytes)
        spread(0, bytes, from: block.minTime, to: block.maxTime)
        for (index, id) in ids.enumerated() {
            // What does not divide goes to the first ones.
            let part = bytes / Int64(ids.count) + (Int64(index) < bytes % Int64(ids.count) ? 1 : 0)
            series[id]?.bytes += part
        }
    }

    private func addJournal(sealedEnd: Int64?) throws(StorageError) {
        let end = max(sealedEnd ?? .min, try loader.meta(.sealedEnd) ?? .min)
        var decoder = JournalDecoder()
        try loader.journal { row, record in
            report.journalBytes += Int64(record.count)
            switch try? decoder.decode(record, row: row) {
            case .floats(let batch)?:
                for index in batch.refs.indices { noteJournal(batch.timestamp(index), end) }
            case .side(let entries)?:
                for entry in entries {
                    if case .startTime = entry.sample { continue }
                    noteJournal(entry.time, end)
                }
            case nil: report.damagedRows += 1
            }
        }
    }

    private func noteJournal(_ time: Int64, _ end: Int64) {
        guard time >= end else { return }
        report.journalSamples += 1
        report.minTime = min(report.minTime ?? .max, time)
        report.maxTime = max(report.maxTime ?? .min, time)
    }

    private func name(limit: Int) throws(StorageError) {
        let stored = try StoredLabels(loader)
        report.series = stored.series.count
        var metrics: [String: StorageReport.Usage] = [:]
        for (id, usage) in series {
            let metric = stored.labels(id)?.metricName ?? "no name"
            metrics[metric, default: .init(name: metric)].add(rows: 1, samples: usage.samples, bytes: usage.bytes)
        }
        report.byMetric = metrics.values.largest(limit)
        let top = series.sorted { ($1.value.bytes, $0.key) < ($0.value.bytes, $1.key) }.prefix(limit)
        report.bySeries = top.map { id, usage in
            var named = StorageReport.Usage(name: stored.labels(id).map { "\($0)" } ?? "series \(id)")
            named.add(rows: usage.count, samples: usage.samples, bytes: usage.bytes)
            return named
        }
        report.byEncoding = encodings.values.largest(.max)
        report.byDay = days.sorted { $0.key > $1.key }.map { day, usage in
            let start = BlockTime(lengthMs: StorageCollector.dayMs).start(of: day)
            var named = StorageReport.Usage(name: String(formatUTC(start).prefix { $0 != "T" }))
            named.add(rows: 0, samples: usage.samples, bytes: usage.bytes)
            return named
        }
    }
}

/// How a row is encoded, in words.
private func encodingName(_ tag: UInt8?, _ header: BlockRow.Header) -> String {
    switch tag {
    case SealedChunk.Encoding.xor.rawValue: "XOR (schema 1)"
    case SealedChunk.Encoding.decimal.rawValue: "decimal columns (schema 1)"
    case BlockRow.mixedTag: "with histograms or start times"
    default: header.timesList == nil ? "columns, timestamps of their own" : "columns, shared timestamps"
    }
}

extension StorageReport.Usage {
    fileprivate mutating func add(rows: Int, samples: Int64, bytes: Int64) {
        count += rows
        self.samples += samples
        self.bytes += bytes
    }
}

extension Collection<StorageReport.Usage> {
    /// The greatest by bytes, then by name.
    fileprivate func largest(_ limit: Int) -> [StorageReport.Usage] {
        Array(sorted { $0.bytes != $1.bytes ? $0.bytes > $1.bytes : $0.name < $1.name }.prefix(limit))
    }
}
