import Model

/// Reads what a database holds beside its chunks, once, at opening.
struct Loader {
    let connection: Connection

    func meta(_ key: MetaKey) throws(StorageError) -> Int64? {
        let statement = try connection.prepare("SELECT value FROM meta WHERE key = ?")
        statement.bind(1, key.rawValue)
        return try statement.step() ? statement.integer(0) : nil
    }

    /// Calls `body` with each row's number, name and value; the bytes are valid during the call.
    func labels(
        _ body: (Int64, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, name, value FROM label ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1), statement.blob(2)) }
    }

    /// Calls `body` with each row's number and list of labels, ascending.
    func series(_ body: (Int64, UnsafeRawBufferPointer) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, labels FROM series ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1)) }
    }

    /// Calls `body` with each record, in the order of writing.
    func journal(_ body: (Int64, UnsafeRawBufferPointer) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, record FROM journal ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1)) }
    }

    func metadata() throws(StorageError) -> [MetricMetadata] {
        let statement = try connection.prepare("SELECT metric, type, help, unit FROM metadata")
        var found: [MetricMetadata] = []
        while try statement.step() {
            let type = MetricMetadata.MetricType(rawValue: statement.text(1)) ?? .unknown
            found.append(
                MetricMetadata(metric: statement.text(0), type: type, help: statement.text(2), unit: statement.text(3)))
        }
        return found
    }

    /// The blocks whose rows are sound, ascending, and by number what is wrong with the others.
    func blocks() throws(StorageError) -> (blocks: [Block], damaged: [Int64: String]) {
        let statement = try connection.prepare(
            "SELECT number, min_time, max_time, samples, bytes, series, checksum FROM block ORDER BY number")
        var blocks: [Block] = []
        var damaged: [Int64: String] = [:]
        while try statement.step() {
            let number = statement.integer(0)
            do throws(DecodeError) {
                let block = Block(
                    number: number, minTime: statement.integer(1), maxTime: statement.integer(2),
                    sampleCount: statement.integer(3), byteCount: statement.integer(4),
                    series: try SeriesRuns(encoded: statement.blob(5)))
                guard BlockTime.numbers.contains(number), block.checksum == statement.integer(6) else {
                    throw DecodeError("the checksum does not match")
                }
                blocks.append(block)
            } catch {
                damaged[number] = "block \(number): its row is damaged: \(error)"
            }
        }
        return (blocks, damaged)
    }

    /// The numbers of the blocks before `end` that any row belongs to, ascending.
    func numbersOfRows(before end: Int64) throws(StorageError) -> [Int64] {
        let statement = try connection.prepare("SELECT id FROM chunk WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")
        var numbers: [Int64] = []
        var first = Int64.min
        while first < Block.firstRow(end) {
            statement.bind(1, first)
            statement.bind(2, Block.firstRow(end))
            defer { statement.reset() }
            guard try statement.step() else { break }
            let number = statement.integer(0) >> 32
            numbers.append(number)
            first = Block.firstRow(number + 1)
        }
        return numbers
    }

    /// The series that have a row of block `number`, found by reading the rows' numbers, and the rows' length.
    func rows(of number: Int64) throws(StorageError) -> (series: SeriesRuns, byteCount: Int64) {
        let statement = try connection.prepare(
            "SELECT id, length(data) FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id")
        statement.bind(1, Block.firstRow(number))
        statement.bind(2, Block.lastRow(number))
        var runs = SeriesRuns()
        var byteCount: Int64 = 0
        while try statement.step() {
            let id = UInt32(truncatingIfNeeded: statement.integer(0))
            if id < SeriesIndex.seriesEnd { runs.append(id) }
            byteCount += statement.integer(1)
        }
        return (runs, byteCount)
    }
}
