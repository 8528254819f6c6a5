import Model

extension Database {
    /// Reads everything but the chunks into memory, and replays the journal.
    static func load(
        _ connection: Connection, _ path: String, _ options: DatabaseOptions
    ) throws(StorageError) -> (DatabaseState, JournalPosition, leftovers: [Int64]) {
        let loader = Loader(connection: connection)
        let loaded = try loader.blocks()
        let sealedEnd = ([try loader.meta(.sealedEnd)] + loaded.blocks.map(\.end)).compactMap { $0 }.max()
        let index = SeriesIndex(nextSeries: UInt32(clamping: max(1, try loader.meta(.nextSeries) ?? 1)))
        for block in loaded.blocks { index.keepNumber((block.series.runs.last?.upperBound ?? 1) - 1) }
        let head = Head(sealedEnd: sealedEnd)
        head.newestTime = loaded.blocks.map(\.maxTime).max()
        var metadata: [MetricMetadata] = []
        var messages = loaded.messages
        for key in try loader.damagedSettings() { messages.append("the setting \(key): the checksum does not match") }
        try loader.metadata { one, _, isSound in
            if isSound {
                metadata.append(one)
            } else {
                messages.append("the metadata of \(one.metric): the checksum does not match")
            }
        }
        let followers = try loader.followers { messages.append($0) }
        let state = DatabaseState(
            path: path, options: options, index: index, head: head, blocks: loaded.blocks,
            followers: FollowerTable(followers), metadata: metadata, legacyBlockMs: try loader.meta(.blockMs) ?? 0)
        for message in messages { state.reportDamage(message) }
        try loadSeries(loader, state)
        return (state, try replay(loader, state), loaded.leftovers)
    }

    private static func loadSeries(_ loader: Loader, _ state: DatabaseState) throws(StorageError) {
        try loader.labels { id, name, value in
            guard let id = UInt32(exactly: id), id < SeriesIndex.pairsMax else {
                return state.reportDamage("label row \(id): its number is out of range")
            }
            name.withMemoryRebound(to: UInt8.self) { name in
                value.withMemoryRebound(to: UInt8.self) { value in state.index.loadPair(id, name, value) }
            }
        }
        var scratch: [UInt8] = []
        try loader.series { id, list, checksum in
            // Whatever became of its labels: its samples must not be taken for those of a new series.
            state.index.keepNumber(UInt32(clamping: id))
            guard let series = UInt32(exactly: id), let pairs = decodePairs(list),
                state.index.loadSeries(series, pairs: pairs, checksum: checksum, scratch: &scratch)
            else { return state.reportDamage("series row \(id): its labels are damaged") }
            _ = state.head.createSeries(series, isPersisted: true)
        }
        state.index.finishLoading()
    }

    private static func decodePairs(_ list: UnsafeRawBufferPointer) -> [UInt32]? {
        var reader = ByteReader(list)
        var pairs: [UInt32] = []
        while reader.remaining > 0 {
            guard let pair = try? reader.count(max: Int(UInt32.max)) else { return nil }
            pairs.append(UInt32(pair))
        }
        return pairs
    }

    /// Puts into the head what the journal has and blocks have not. Returns where the journal goes on.
    private static func replay(_ loader: Loader, _ state: DatabaseState) throws(StorageError) -> JournalPosition {
        var decoder = JournalDecoder()
        let start = try loader.meta(.journalStart) ?? 0
        var journal = JournalPosition(startRow: start)
        // Numbers are not used again, also where all records up to a follower's place are gone.
        for position in state.followers.all.values { journal.pass(max(position.record, position.begunRecord)) }
        try loader.journal(from: start) { row, record in
            do throws(DecodeError) {
                switch try decoder.decode(record, row: row) {
                case .floats(let batch):
                    journal.replayed(row, maxTime: batch.maxTime)
                    state.head.replay(batch)
                    state.counters.journalReplayed.add(batch.refs.count)
                case .side(let entries):
                    journal.replayed(row, maxTime: entries.map(\.time).max())
                    state.head.replay(entries)
                    state.counters.journalReplayed.add(entries.count)
                }
            } catch {
                journal.replayed(row, maxTime: nil)
                state.counters.journalDamaged.add()
                state.reportDamage("journal record \(row): \(error)")
            }
        }
        state.index.keepNumber(decoder.highestSeries)
        state.head.finishReplay()
        return journal
    }
}
