import Model

extension Database {
    /// Reads everything but the chunks into memory, and replays the journal.
    static func load(
        _ connection: Connection, _ path: String, _ options: DatabaseOptions
    ) throws(StorageError) -> (DatabaseState, JournalPosition) {
        let loader = Loader(connection: connection)
        guard let blockMs = try loader.meta(.blockMs), (1...DatabaseOptions.blockMsMax).contains(blockMs) else {
            throw .cannotOpen(
                "cannot open \(path): it does not say that its blocks have 1 to \(DatabaseOptions.blockMsMax) ms")
        }
        let blockTime = BlockTime(lengthMs: blockMs)
        let (blocks, sealedEnd, messages) = try loadBlocks(loader, blockTime)
        let nextSeries = try loader.meta(.nextSeries) ?? 1
        let index = SeriesIndex(nextSeries: UInt32(clamping: max(1, nextSeries)))
        for block in blocks { index.keepNumber((block.series.runs.last?.upperBound ?? 1) - 1) }
        let head = Head(blockTime: blockTime, sealedEnd: sealedEnd)
        head.newestTime = blocks.map(\.maxTime).max()
        let state = DatabaseState(
            path: path, options: options, index: index, head: head, blocks: blocks, metadata: try loader.metadata())
        for message in messages { state.reportDamage(message) }
        try loadSeries(loader, state)
        return (state, try replay(loader, state))
    }

    /// The blocks, ascending, and the end of what is sealed. A block whose row is damaged or gone is made anew of what
    /// its chunks' rows tell.
    private static func loadBlocks(
        _ loader: Loader, _ blockTime: BlockTime
    ) throws(StorageError) -> (blocks: [Block], sealedEnd: Int64?, messages: [String]) {
        var (blocks, damaged) = try loader.blocks()
        let ends = [blocks.last.map { blockTime.end(of: $0.number) }, try loader.meta(.sealedEnd)]
        guard let sealedEnd = ends.compactMap({ $0 }).max() else {
            return (blocks, nil, Array(damaged.values))
        }
        let known = Set(blocks.map(\.number))
        for number in try loader.numbersOfRows(before: blockTime.number(of: sealedEnd)) where !known.contains(number) {
            damaged[number] = damaged[number] ?? "block \(number): its row is missing"
            let rows = try loader.rows(of: number)
            blocks.append(
                Block(
                    number: number, minTime: blockTime.start(of: number), maxTime: blockTime.end(of: number) - 1,
                    sampleCount: 0, byteCount: rows.byteCount, series: rows.series))
        }
        return (blocks.sorted { $0.number < $1.number }, sealedEnd, damaged.sorted { $0.key < $1.key }.map(\.value))
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
            // Whatever became of its labels: its samples must not be taken for those of a new series.
            state.index.keepNumber(UInt32(clamping: id))
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
        state.index.keepNumber(decoder.highestSeries)
        state.head.finishReplay()
        return JournalPosition(after: newest)
    }
}
