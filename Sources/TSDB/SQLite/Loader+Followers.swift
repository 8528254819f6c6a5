import Model

extension Loader {
    /// The positions of followers by name. One that is damaged is left out, and reported.
    func followers(_ report: (String) -> Void) throws(StorageError) -> [String: LogPosition] {
        let statement = try connection.prepare("SELECT * FROM follower")
        var found: [String: LogPosition] = [:]
        while try statement.step() {
            let name = statement.text(0)
            let position = LogPosition(
                record: statement.integer(1), exemplar: statement.integer(2), begunRecord: statement.integer(3),
                begunExemplar: statement.integer(4), note: statement.integer(5))
            if RowChecksum.follower(name, position) == statement.integer(6) {
                found[name] = position
            } else {
                report("the place up to which \(name) was sent samples: the checksum does not match; it starts anew")
            }
        }
        return found
    }

    /// The segments of records before `row`, which are sealed. How far one reaches is guessed by its first record: there
    /// may be days of them.
    func heldSegments(before row: Int64) throws(StorageError) -> HeldSegments {
        let statement = try connection.prepare(
            "SELECT id, record FROM journal WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")
        var held = HeldSegments()
        var next: Int64 = 0
        while true {
            statement.bind(1, next)
            statement.bind(2, row)
            defer { statement.reset() }
            guard try statement.step() else { return held }
            let number = statement.integer(0) >> 32
            var decoder = JournalDecoder()
            let first = decoder.newestTime(statement.blob(1), row: statement.integer(0)) ?? .min
            held.segments.append(
                HeldSegments.Segment(
                    number: number, maxTime: first, isGuess: true, bytes: try recordBytes(segment: number)))
            next = (number + 1) << 32
        }
    }

    /// The newest time in a segment's records; of damaged ones nothing is known, and nothing will be sent.
    func newestTime(segment number: Int64) throws(StorageError) -> Int64 {
        let statement = try connection.prepare("SELECT id, record FROM journal WHERE id BETWEEN ? AND ? ORDER BY id")
        statement.bind(1, number << 32)
        statement.bind(2, number << 32 | 0xffff_ffff)
        var decoder = JournalDecoder()
        var newest = Int64.min
        while try statement.step() {
            newest = max(newest, decoder.newestTime(statement.blob(1), row: statement.integer(0)) ?? .min)
        }
        return newest
    }

    /// How long the records of a segment are.
    func recordBytes(segment number: Int64) throws(StorageError) -> Int64 {
        let (first, last) = (number << 32, number << 32 | 0xffff_ffff)
        let sql = "SELECT sum(length(record)) FROM journal WHERE id BETWEEN \(first) AND \(last)"
        return try connection.integer(sql) ?? 0
    }

    /// The exemplar of a row with the columns id, series, time, value, labels, checksum; nil where it is damaged.
    static func exemplar(_ row: Statement) -> ExemplarSample? {
        let sum = RowChecksum.exemplar(
            series: row.integer(1), time: row.integer(2), value: row.integer(3), labels: row.blob(4))
        guard sum == row.integer(5), let series = UInt32(exactly: row.integer(1)),
            let labels = Labels(stored: row.blob(4))
        else { return nil }
        let value = Double(bitPattern: UInt64(bitPattern: row.integer(3)))
        return ExemplarSample(
            ref: SeriesRef(id: series), exemplar: Exemplar(labels: labels, timestamp: row.integer(2), value: value))
    }
}

extension JournalDecoder {
    /// Nil where the record is damaged, or has no samples.
    fileprivate mutating func newestTime(_ record: UnsafeRawBufferPointer, row: Int64) -> Int64? {
        switch try? decode(record, row: row) {
        case .floats(let batch): return batch.maxTime
        case .side(let entries): return entries.map(\.time).max()
        case nil: return nil
        }
    }
}
