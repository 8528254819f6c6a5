import Model

/// The blocks of a database, and what is known of rows that belong to none.
struct LoadedBlocks {
    /// Ascending by time.
    var blocks: [Block] = []
    /// What was found damaged.
    var messages: [String] = []
    /// Rows of the table `block` that are not sound: the numbers that they have, and what is wrong.
    var damagedRows: [(number: Int64, error: DecodeError)] = []
    /// Numbers of blocks that have rows but no row of their own: what an interrupted operation left.
    var leftovers: [Int64] = []
}

extension Loader {
    /// The blocks. One whose own row is damaged is made anew of what its series' rows tell.
    ///
    /// Where all rows of the table `block` are sound, rows of other blocks are leftovers: a block counts only when its
    /// own row is there. Where some are not, they may be a damaged block's.
    func blocks() throws(StorageError) -> LoadedBlocks {
        var loaded = LoadedBlocks()
        do throws(StorageError) {
            try readBlocks(&loaded)
        } catch .corrupted(let text) {
            loaded.messages.append("the table of blocks is damaged: \(text)")
        }
        let known = Set(loaded.blocks.map(\.number))
        let missing = try numbersOfRows().filter { !known.contains($0) }
        if loaded.messages.isEmpty {
            loaded.leftovers = missing
        } else {
            for number in missing {
                guard let block = try rebuild(number) else { continue }
                loaded.messages.append(
                    "block \(number) has no sound row of its own, its series' rows were read instead")
                loaded.blocks.append(block)
            }
        }
        loaded.blocks.sort { ($0.minTime, $0.number) < ($1.minTime, $1.number) }
        return loaded
    }

    /// Reads the table `block` alone.
    func readBlocks(_ loaded: inout LoadedBlocks) throws(StorageError) {
        let statement = try connection.prepare(
            "SELECT number, start, end, level, min_time, max_time, samples, bytes, series, checksum FROM block")
        while try statement.step() {
            let number = statement.integer(0)
            do throws(DecodeError) {
                let block = Block(
                    number: number, start: statement.integer(1), end: statement.integer(2), level: statement.integer(3),
                    minTime: statement.integer(4), maxTime: statement.integer(5), sampleCount: statement.integer(6),
                    byteCount: statement.integer(7), series: try SeriesRuns(encoded: statement.blob(8)))
                guard Block.numbers.contains(number), block.checksum == statement.integer(9) else {
                    throw DecodeError("the checksum does not match")
                }
                loaded.blocks.append(block)
            } catch {
                loaded.messages.append("block \(number): its row is damaged: \(error)")
                loaded.damagedRows.append((number, error))
            }
        }
    }

    /// The numbers of the blocks that any row of `chunk` belongs to, ascending.
    func numbersOfRows() throws(StorageError) -> [Int64] {
        let statement = try connection.prepare("SELECT id FROM chunk WHERE id >= ? ORDER BY id LIMIT 1")
        var numbers: [Int64] = []
        var first = Int64.min
        while true {
            statement.bind(1, first)
            defer { statement.reset() }
            guard try statement.step() else { return numbers }
            let number = statement.integer(0) >> 32
            numbers.append(number)
            let next = (number + 1).multipliedReportingOverflow(by: 1 << 32)
            if next.overflow { return numbers }
            first = next.partialValue
        }
    }

    /// A block as its series' rows tell it, or nil where none of them is sound.
    func rebuild(_ number: Int64) throws(StorageError) -> Block? {
        let legacy = try meta(.blockMs) ?? 0
        let rows = try RowReader(connection)
        let statement = try connection.prepare("SELECT id, data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id")
        statement.bind(1, Block.firstRow(number))
        statement.bind(2, Block.lastRow(number))
        var block = Block(
            number: number, start: .max, end: .min, minTime: .max, maxTime: .min, sampleCount: 0, byteCount: 0,
            series: SeriesRuns())
        while try statement.step() {
            let row = statement.integer(0)
            let bytes = statement.blob(1)
            block.byteCount += Int64(bytes.count)
            let id = UInt32(truncatingIfNeeded: row)
            // A damaged row belongs to it all the same: it is named when it is read.
            guard id < SeriesIndex.seriesEnd, block.series.appendRead(id) else { continue }
            let found = try rows.withWhole(bytes, row: row) { (bytes) throws(DecodeError) in
                try BlockRow.header(bytes ?? .init(start: nil, count: 0), row: row, blockStart: number &* legacy)
            }
            guard case .success(let header) = found else { continue }
            block.minTime = min(block.minTime, header.minTime)
            block.maxTime = max(block.maxTime, header.maxTime)
            block.sampleCount += Int64(header.count)
        }
        guard block.minTime <= block.maxTime, block.maxTime < .max else { return nil }
        return Block(
            number: number, start: block.minTime, end: block.maxTime + 1, minTime: block.minTime,
            maxTime: block.maxTime, sampleCount: block.sampleCount, byteCount: block.byteCount, series: block.series)
    }

    /// The blocks of a database of version 1, whose numbers are their times in lengths of a block.
    func blocksOfVersion1() throws(StorageError) -> [Block] {
        let time = BlockTime(lengthMs: try meta(.blockMs) ?? 1)
        let statement = try connection.prepare(
            "SELECT number, min_time, max_time, samples, bytes, series, checksum FROM block ORDER BY number")
        var blocks: [Block] = []
        while try statement.step() {
            let number = statement.integer(0)
            let numbers = (1...4).map { statement.integer($0) }
            var sum: [UInt8] = []
            for number in numbers { sum.appendFixed64(UInt64(bitPattern: number)) }
            sum += statement.blob(5)
            let isSound = sum.withUnsafeBytes { Int64(checksum($0, row: number)) } == statement.integer(6)
            if isSound, let series = try? SeriesRuns(encoded: statement.blob(5)) {
                blocks.append(
                    Block(
                        number: number, start: time.start(of: number), end: time.end(of: number), minTime: numbers[0],
                        maxTime: numbers[1], sampleCount: numbers[2], byteCount: numbers[3], series: series))
            } else if let block = try rebuild(number) {
                blocks.append(block)
            }
        }
        return blocks
    }
}

extension Loader {
    /// The exemplars from `minTime` to `maxTime` by series, in time order; without those that are damaged.
    func exemplars(_ minTime: Int64, _ maxTime: Int64) throws(StorageError) -> [UInt32: [Exemplar]] {
        let statement = try connection.prepare(
            "SELECT series, time, value, labels, checksum FROM exemplar WHERE time BETWEEN ? AND ? ORDER BY time, id")
        statement.bind(1, minTime)
        statement.bind(2, maxTime)
        var found: [UInt32: [Exemplar]] = [:]
        while try statement.step() {
            let value = Double(bitPattern: UInt64(bitPattern: statement.integer(2)))
            let sum = RowChecksum.exemplar(
                series: statement.integer(0), time: statement.integer(1), value: statement.integer(2),
                labels: statement.blob(3))
            guard sum == statement.integer(4), let labels = Labels(stored: statement.blob(3)) else { continue }
            let exemplar = Exemplar(labels: labels, timestamp: statement.integer(1), value: value)
            found[UInt32(truncatingIfNeeded: statement.integer(0)), default: []].append(exemplar)
        }
        return found
    }
}
