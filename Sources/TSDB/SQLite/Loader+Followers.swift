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

    /// The segments of records before `row`, which are sealed. How far one reaches is told by its first record.
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
            let first = newestTime(statement.blob(1), row: statement.integer(0)) ?? .max
            let (end, overflow) = first.addingReportingOverflow(JournalPosition.segmentMs)
            held.segments.append(HeldSegments.Segment(number: number, maxTime: overflow ? .max : end))
            next = (number + 1) << 32
        }
    }

    private func newestTime(_ record: UnsafeRawBufferPointer, row: Int64) -> Int64? {
        var decoder = JournalDecoder()
        switch try? decoder.decode(record, row: row) {
        case .floats(let batch): return batch.maxTime
        case .side(let entries): return entries.map(\.time).max()
        case nil: return nil
        }
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
