import Model

/// Makes the changes that a check has found necessary, in one transaction, while nobody else writes.
///
/// Rows are set aside first; blocks are made anew of what is left, those last that overlap others, whose rows are set aside
/// too: they are what a merge had half done.
struct Repair {
    private let connection: Connection
    private let tables: WriterTables
    private let loader: Loader

    init(path: String) throws(StorageError) {
        connection = try Connection(path: path, mode: .readWrite)
        try connection.execute("PRAGMA synchronous = FULL")
        tables = try WriterTables(connection)
        loader = Loader(connection: connection)
    }

    /// - Returns: what was done, a sentence each.
    func apply(_ steps: [RepairStep]) throws(StorageError) -> [String] {
        var known = Set<RepairStep>()
        let steps = steps.filter { known.insert($0).inserted }
        var actions: [String] = []
        try connection.transaction { () throws(StorageError) in
            for step in steps { if let action = try apply(step) { actions.append(action) } }
            let numbers = steps.compactMap { if case .rebuildBlock(let number) = $0 { number } else { nil } }
            actions += try rebuild(numbers)
        }
        return actions
    }

    private func apply(_ step: RepairStep) throws(StorageError) -> String? {
        switch step {
        case .setAsideChunk(let row, let reason):
            try tables.setAside(row, reason: reason)
            return "set aside: \(reason)"
        case .setAsideRecord(let row, let reason):
            return try move("journal", "record", row, reason)
        case .setAsideSeries(let row, let reason):
            if let id = UInt32(exactly: row), id < SeriesIndex.seriesEnd {
                let next = try loader.meta(.nextSeries) ?? 1
                try tables.setMeta(.nextSeries, max(next, Int64(id) + 1))
            }
            return try move("series", "labels", row, reason)
        case .storeSeries(let id, let pairs, let checksum):
            var list: [UInt8] = []
            for pair in pairs { list.appendVarint(UInt64(pair)) }
            try tables.addSeries(id, pairs: list, checksum: checksum)
            return "wrote the row of series \(id) anew"
        case .deleteLabel(let row): return try delete("label", row)
        case .deleteExemplar(let row): return try delete("exemplar", row)
        case .deleteBlockRow(let row):
            try tables.removeBlock(row)
            return "deleted row \(row) of `block`"
        case .deleteMetadata(let metric):
            let statement = try connection.prepare("DELETE FROM metadata WHERE metric = ?")
            statement.bind(1, metric)
            try statement.run()
            return "deleted the metadata of \(metric)"
        case .setMeta(let key, let value): return try set(key, value)
        case .deleteLeftover(let number):
            try tables.removeChunks(Block.firstRow(number)...Block.lastRow(number))
            return "deleted the rows of block \(number), which did not count"
        case .rebuildBlock, .sealJournal: return nil
        }
    }

    /// Moves a row of another table than `chunk` into `damaged`.
    private func move(
        _ table: String, _ column: String, _ row: Int64, _ reason: String
    ) throws(StorageError) -> String? {
        let statement = try connection.prepare(
            "INSERT INTO damaged (chunk, data, reason) SELECT id, \(column), ? FROM \(table) WHERE id = ? RETURNING id")
        statement.bind(1, reason)
        statement.bind(2, row)
        var isThere = false
        while try statement.step() { isThere = true }
        guard isThere else { return nil }
        _ = try delete(table, row)
        return "set aside: \(reason)"
    }

    private func delete(_ table: String, _ row: Int64) throws(StorageError) -> String {
        let statement = try connection.prepare("DELETE FROM \(table) WHERE id = ?")
        statement.bind(1, row)
        try statement.run()
        return "deleted row \(row) of `\(table)`"
    }

    private func set(_ key: MetaKey, _ value: Int64?) throws(StorageError) -> String {
        guard let value else {
            let statement = try connection.prepare("DELETE FROM meta WHERE key = ?")
            statement.bind(1, key.rawValue)
            try statement.run()
            return "deleted the setting \(key.rawValue)"
        }
        try tables.setMeta(key, value)
        return "set \(key.rawValue) to \(value)"
    }

    private func rebuild(_ numbers: [Int64]) throws(StorageError) -> [String] {
        var loaded = LoadedBlocks()
        try loader.readBlocks(&loaded)
        var known = Dictionary(loaded.blocks.map { ($0.number, $0) }) { first, _ in first }
        var actions: [String] = []
        var unplaced: [Block] = []
        for number in numbers {
            try setAsideUnowned(number)
            guard var block = try loader.rebuild(number) else {
                try tables.removeBlock(number)
                known[number] = nil
                actions.append("deleted block \(number), of which nothing was left")
                continue
            }
            guard let old = known[number], old.start <= block.minTime, block.maxTime < old.end else {
                known[number] = nil
                unplaced.append(block)
                continue
            }
            block = Block(
                number: number, start: old.start, end: old.end, level: old.level, minTime: block.minTime,
                maxTime: block.maxTime, sampleCount: block.sampleCount, byteCount: block.byteCount, series: block.series
            )
            try tables.addBlock(block)
            known[number] = block
            actions.append(
                "wrote the row of block \(number) anew: \(block.series.count) series, \(block.sampleCount) samples")
        }
        return actions + (try place(unplaced, among: &known))
    }

    /// Moves those of a block's rows that are neither a series' nor a piece or list of one: the rest of what was set aside.
    private func setAsideUnowned(_ number: Int64) throws(StorageError) {
        let extras = Block.extraRow(number, 0)...Block.lastRow(number)
        var unowned = Set(try rows(extras))
        if unowned.isEmpty { return }
        let reader = try RowReader(connection)
        let legacy = try loader.meta(.blockMs) ?? 0
        let statement = try connection.prepare("SELECT id, data FROM chunk WHERE id >= ? AND id < ?")
        statement.bind(1, Block.firstRow(number))
        statement.bind(2, extras.lowerBound)
        while try statement.step() {
            let row = statement.integer(0)
            if let split = try? SplitRow.header(statement.blob(1)) {
                let first = Block.extraRow(number, split.firstPiece)
                unowned.subtract(first..<first + Int64(split.count))
            }
            let header = try reader.withWhole(statement.blob(1), row: row) { (bytes) throws(DecodeError) in
                try BlockRow.header(bytes ?? .init(start: nil, count: 0), row: row, blockStart: number &* legacy)
            }
            if case .success(let header) = header, let list = header.timesList {
                unowned.remove(Block.extraRow(number, list))
            }
        }
        for row in unowned.sorted() {
            // A list that is whole, and of which all users were rewritten, is worth nothing.
            let isList = try reader.withRow(row) { (bytes) throws(DecodeError) in
                _ = try SealedTimes.decode(bytes ?? .init(start: nil, count: 0), row: row, blockStart: 0)
            }
            if case .success = isList {
                try tables.removeChunks(row...row)
                continue
            }
            try tables.setAside(row, reason: "block \(number): a piece or list of a row that was set aside")
        }
    }

    private func rows(_ range: ClosedRange<Int64>) throws(StorageError) -> [Int64] {
        let statement = try connection.prepare("SELECT id FROM chunk WHERE id BETWEEN ? AND ?")
        statement.bind(1, range.lowerBound)
        statement.bind(2, range.upperBound)
        var rows: [Int64] = []
        while try statement.step() { rows.append(statement.integer(0)) }
        return rows
    }

    /// Gives blocks rows of which nobody knows what they covered. Where two overlap, the one with more samples stays.
    private func place(_ blocks: [Block], among known: inout [Int64: Block]) throws(StorageError) -> [String] {
        var actions: [String] = []
        for block in blocks.sorted(by: { $0.sampleCount > $1.sampleCount }) {
            if let other = known.values.first(where: { $0.start < block.end && block.start < $0.end }) {
                let reason = "block \(block.number): its samples lie in the time of block \(other.number)"
                let rows = try rows(Block.firstRow(block.number)...Block.lastRow(block.number))
                for row in rows { try tables.setAside(row, reason: reason) }
                try tables.removeBlock(block.number)
                actions.append("set aside: \(reason), \(rows.count) rows")
            } else {
                try tables.addBlock(block)
                known[block.number] = block
                actions.append(
                    "made the row of block \(block.number): \(block.series.count) series, \(block.sampleCount) samples")
            }
        }
        return actions
    }
}
