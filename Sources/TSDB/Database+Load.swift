import Model

extension Database {
    /// Reads everything but the chunks into memory, and replays the journal.
    static func load(
        _ connection: Connection, _ path: String, _ options: DatabaseOptions
    ) throws(StorageError) -> (DatabaseState, JournalPosition) {
        let loader = Loader(connection: connection)
        guard let blockMs = try loader.meta(.blockMs), blockMs > 0 else {
            throw .cannotOpen("cannot open \(path): it does not say how long its blocks are")
        }
        let blockTime = BlockTime(lengthMs: blockMs)
        let (blocks, damaged) = try loadBlocks(loader, blockTime)
        let nextSeries = try loader.meta(.nextSeries) ?? 1
        let index = SeriesIndex(nextSeries: UInt32(clamping: max(1, nextSeries)))
        let head = Head(blockTime: blockTime, sealedEnd: try loader.meta(.sealedEnd))
        head.newestTime = blocks.map(\.maxTime).max()
        let state = DatabaseState(
            path: path, options: options, index: index, head: head, blocks: blocks, metadata: try loader.metadata())
        for message in damaged { state.reportDamage(message) }
        try loadSeries(loader, state)
        return (state, try replay(loader, state))
    }

    /// The blocks. Of one whose list of series is damaged, the list is made anew.
    private static func loadBlocks(
        _ loader: Loader, _ blockTime: BlockTime
    ) throws(StorageError) -> (blocks: [Block], messages: [String]) {
        let (sound, damaged) = try loader.blocks()
        var blocks = sound
        var messages: [String] = []
        for (number, message) in damaged {
            messages.append(message)
            let series = try loader.seriesRows(of: number)
            blocks.append(
                Block(
                    number: number, minTime: blockTime.start(of: number), maxTime: blockTime.end(of: number) - 1,
                    sampleCount: 0, byteCount: 0, series: series))
        }
        return (blocks.sorted { $0.number < $1.number }, messages)
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
        try loader.series { id, list in
            guard let series = UInt32(exactly: id), let pairs = decodePairs(list),
                state.index.loadSeries(series, pairs: pairs, scratch: &scratch)
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
        var newest: Int64?
        try loader.journal { row, record in
            newest = row
            do throws(DecodeError) {
                let batch = try decoder.decode(record, row: row)
                state.head.replay(batch)
                state.counters.journalReplayed.add(batch.refs.count)
            } catch {
                state.counters.journalDamaged.add()
                state.reportDamage("journal record \(row): \(error)")
            }
        }
        state.head.finishReplay()
        return JournalPosition(after: newest)
    }
}
