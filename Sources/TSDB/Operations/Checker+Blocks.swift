import Model

/// A block while its rows are looked at.
private struct BlockCheck {
    let number: Int64
    /// What its own row says, where that is sound.
    let block: Block?
    let place: String
    /// The lists of timestamps that its rows name; empty where one is missing or damaged.
    var lists: [UInt16: [Int64]] = [:]
    /// Rows that are pieces of others.
    var pieces = Set<Int64>()
    /// Rows behind those of series that nothing names.
    var unowned: [Int64] = []
    var found = SeriesRuns()
    var samples: Int64 = 0
    var bytes: Int64 = 0
    var minTime = Int64.max
    var maxTime = Int64.min
    /// Whether some row was not sound, so that sums mean nothing.
    var isDamaged = false
}

extension Checker {
    /// Looks at all blocks and all rows of `chunk`.
    /// - Returns: the blocks whose own rows are sound.
    func checkBlocks() throws(StorageError) -> [Block] {
        var loaded = LoadedBlocks()
        try reading("block") { () throws(StorageError) in try loader.readBlocks(&loaded) }
        let blocks = loaded.blocks.sorted { ($0.start, $0.number) < ($1.start, $1.number) }
        result.blocks = blocks.count
        for damage in loaded.damagedRows {
            let isPossible = Block.numbers.contains(damage.number)
            find(
                "block \(damage.number), its row in `block`", "\(damage.error)",
                isPossible ? .rebuildBlock(damage.number) : .deleteBlockRow(damage.number))
        }
        checkOrder(blocks)
        let known = Dictionary(blocks.map { ($0.number, $0) }) { first, _ in first }
        var numbers = Set(known.keys)
        try reading("chunk") { () throws(StorageError) in numbers.formUnion(try loader.numbersOfRows()) }
        let total = blocks.reduce(0) { $0 &+ $1.byteCount }
        for number in numbers.sorted() {
            report(OperationProgress(stage: "checking blocks", done: result.bytes, total: total))
            if let block = known[number] {
                try checkRows(BlockCheck(number: number, block: block, place: text(of: block)), total: total)
            } else if loaded.damagedRows.isEmpty {
                try noteLeftover(number)
            } else {
                if !loaded.damagedRows.contains(where: { $0.number == number }) {
                    find("block \(number)", "it has rows, and no sound row in `block`", .rebuildBlock(number))
                }
                try checkRows(BlockCheck(number: number, block: nil, place: "block \(number)"), total: total)
            }
        }
        return blocks
    }

    /// - Parameter blocks: in order of their starts.
    private func checkOrder(_ blocks: [Block]) {
        for (earlier, later) in zip(blocks, blocks.dropFirst()) where later.start < earlier.end {
            find(text(of: later), "it begins before the end of \(text(of: earlier)); blocks do not overlap")
        }
        for block in blocks {
            let isInside = block.start <= block.minTime && block.minTime <= block.maxTime && block.maxTime < block.end
            if isInside || block.series.count == 0 { continue }
            find(
                text(of: block),
                "its samples are from \(block.minTime) to \(block.maxTime) ms, "
                    + "times from \(block.start) to before \(block.end) were expected", .rebuildBlock(block.number))
        }
    }

    private func noteLeftover(_ number: Int64) throws(StorageError) {
        let statement = try connection.prepare(
            "SELECT count(*), coalesce(sum(length(data)), 0) FROM chunk WHERE id BETWEEN ? AND ?")
        statement.bind(1, Block.firstRow(number))
        statement.bind(2, Block.lastRow(number))
        guard try statement.step() else { return }
        result.notes.append(
            "block \(number) does not count: \(statement.integer(0)) rows, \(statement.integer(1)) bytes, of an operation "
                + "that is going on or was interrupted; they are deleted by the next server")
        steps.append(.deleteLeftover(number))
    }

    private func checkRows(_ check: BlockCheck, total: Int64) throws(StorageError) {
        var check = check
        let buffer = SampleBuffer()
        let rows = try RowReader(connection)
        var isReadable = false
        try reading("chunk, \(check.place)") { () throws(StorageError) in
            let statement = try connection.prepare("SELECT id, data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id")
            statement.bind(1, Block.firstRow(check.number))
            statement.bind(2, Block.lastRow(check.number))
            while try statement.step() {
                try checkRow(statement.integer(0), statement.blob(1), rows, &check, buffer)
                if result.rows % 1024 == 0 {
                    report(OperationProgress(stage: "checking blocks", done: result.bytes, total: total))
                }
            }
            isReadable = true
        }
        nameUnowned(check)
        if isReadable, let block = check.block { compare(block, check) }
    }

    private func checkRow(
        _ row: Int64, _ bytes: UnsafeRawBufferPointer, _ rows: RowReader, _ check: inout BlockCheck,
        _ buffer: SampleBuffer
    ) throws(StorageError) {
        let id = UInt32(truncatingIfNeeded: row)
        check.bytes += Int64(bytes.count)
        result.bytes += Int64(bytes.count)
        guard id < SeriesIndex.seriesEnd else { return checkExtra(row, bytes, &check) }
        result.rows += 1
        guard check.found.appendRead(id) else {
            check.isDamaged = true
            return find("\(check.place), \(text(ofSeries: id))", "its row is out of order")
        }
        if let split = try? SplitRow.header(bytes) {
            let first = Block.extraRow(check.number, split.firstPiece)
            check.pieces.formUnion(first..<first + Int64(split.count))
        }
        buffer.removeAll()
        let decoded = try rows.withWhole(bytes, row: row) { (bytes) throws(DecodeError) in
            try decode(row, bytes ?? UnsafeRawBufferPointer(start: nil, count: 0), &check, buffer)
        }
        if case .failure(let error) = decoded {
            check.isDamaged = true
            let place = "\(check.place), \(text(ofSeries: id))"
            find(place, "\(error)", .setAsideChunk(row, reason: "\(place): \(error)"))
        } else {
            note(id, row, buffer, &check)
        }
    }

    private func note(_ id: UInt32, _ row: Int64, _ buffer: SampleBuffer, _ check: inout BlockCheck) {
        result.samples += Int64(buffer.count)
        check.samples += Int64(buffer.count)
        check.minTime = min(check.minTime, buffer.timestamps[0])
        check.maxTime = max(check.maxTime, buffer.timestamps[buffer.count - 1])
        guard let stored, stored.series[id] == nil else { return }
        ownerless[id, default: Ownerless()].rows.append(row)
        ownerless[id]?.samples += buffer.count
    }

    private func decode(
        _ row: Int64, _ bytes: UnsafeRawBufferPointer, _ check: inout BlockCheck, _ buffer: SampleBuffer
    ) throws(DecodeError) {
        let start = check.number &* legacyBlockMs
        let header = try BlockRow.header(bytes, row: row, blockStart: start)
        let number = check.number
        // The list stays where it is while the row is decoded, being owned by `lists`.
        let times = try header.timesList.map { (list) throws(DecodeError) in try self.times(number, list, &check.lists)
        }
        let result = (times ?? []).withUnsafeBufferPointer { times in
            Result { () throws(DecodeError) in
                try BlockRow.decode(
                    bytes, row: row, blockStart: start, from: .min, to: .max, into: buffer
                ) { _ throws(DecodeError) in times }
            }
        }
        try result.get()
        guard buffer.count == header.count else {
            throw DecodeError("it has \(buffer.count) samples, its header says \(header.count)")
        }
        for index in 1..<max(1, buffer.count) where buffer.timestamps[index] <= buffer.timestamps[index - 1] {
            throw DecodeError("sample \(index) of \(buffer.count) is not later than the one before it")
        }
        let (first, last) = (buffer.timestamps[0], buffer.timestamps[buffer.count - 1])
        guard first == header.minTime, last == header.maxTime else {
            throw DecodeError(
                "its samples are from \(first) to \(last) ms, its header says \(header.minTime) to \(header.maxTime)")
        }
        if let block = check.block, first < block.start || last >= block.end {
            throw DecodeError(
                "its samples are from \(first) to \(last) ms, "
                    + "times from \(block.start) to before \(block.end) were expected")
        }
    }

    /// A list of timestamps that rows of a block share.
    private func times(
        _ block: Int64, _ list: UInt16, _ lists: inout [UInt16: [Int64]]
    ) throws(DecodeError) -> [Int64] {
        if lists[list] == nil { lists[list] = readTimes(Block.extraRow(block, list)) ?? [] }
        guard let times = lists[list], !times.isEmpty else {
            throw DecodeError("list \(list) of its timestamps is missing or damaged")
        }
        return times
    }

    private func readTimes(_ row: Int64) -> [Int64]? {
        guard let statement = try? connection.prepare("SELECT data FROM chunk WHERE id = ?") else { return nil }
        statement.bind(1, row)
        guard (try? statement.step()) == true else { return nil }
        return try? SealedTimes.decode(statement.blob(0), row: row, blockStart: 0)
    }

    /// Looks at a list of timestamps or a piece of a row. They come behind the rows of series, so that all that is named
    /// is known.
    private func checkExtra(_ row: Int64, _ bytes: UnsafeRawBufferPointer, _ check: inout BlockCheck) {
        if check.pieces.contains(row) { return }
        do throws(DecodeError) {
            _ = try SealedTimes.decode(bytes, row: row, blockStart: 0)
        } catch {
            check.isDamaged = true
            let list = UInt16(UInt32(truncatingIfNeeded: row) - SeriesIndex.seriesEnd)
            guard check.lists[list] != nil else { return check.unowned.append(row) }
            let place = "\(check.place), list \(list) of timestamps"
            find(place, "\(error)", .setAsideChunk(row, reason: "\(place): \(error)"))
        }
    }

    private func nameUnowned(_ check: BlockCheck) {
        if check.unowned.isEmpty { return }
        find(
            check.place,
            "\(check.unowned.count) of its rows are neither a list of timestamps nor a piece of a series' row",
            .rebuildBlock(check.number))
    }

    /// Compares what a block's row says with what its others are.
    private func compare(_ block: Block, _ check: BlockCheck) {
        let missing = block.series.without(check.found)
        for id in missing.ids {
            find(
                "\(check.place), \(text(ofSeries: id))", "the block's list has it, and its row is missing",
                .rebuildBlock(block.number))
        }
        for id in check.found.without(block.series).ids {
            find(
                "\(check.place), \(text(ofSeries: id))", "it has a row, and the block's list does not have it",
                .rebuildBlock(block.number))
        }
        if check.isDamaged { return steps.append(.rebuildBlock(block.number)) }
        guard missing.count == 0 else { return }
        for (what, says, has) in [
            ("samples", block.sampleCount, check.samples), ("bytes", block.byteCount, check.bytes),
        ] where says != has {
            find(check.place, "its row says \(says) \(what), it has \(has)", .rebuildBlock(block.number))
        }
        if check.minTime < block.minTime || check.maxTime > block.maxTime {
            find(
                check.place,
                "its row says that its samples are from \(block.minTime) to \(block.maxTime) ms, "
                    + "they are from \(check.minTime) to \(check.maxTime)", .rebuildBlock(block.number))
        }
    }
}

extension SeriesRuns {
    /// The numbers, ascending.
    var ids: some Sequence<UInt32> { runs.lazy.joined() }

    /// The numbers that `other` does not have.
    func without(_ other: SeriesRuns) -> SeriesRuns {
        var rest = SeriesRuns()
        if self == other { return rest }
        for id in ids where !other.contains(id) { rest.append(id) }
        return rest
    }
}
