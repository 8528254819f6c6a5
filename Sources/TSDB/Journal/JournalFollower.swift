import Model

/// Reads the journal for one follower, on a connection of its own.
///
/// A record says what changed against others of its segment, so that reading begins with the segment.
final class JournalFollower: LogFollower {
    private let database: Database
    private let name: String
    private(set) var position: LogPosition
    private(set) var skips = 0
    private let select: Statement
    private let selectExemplars: Statement
    private var decoder = JournalDecoder()
    /// The last record that was decoded, and the last one whose samples somebody else has had.
    private var decoded: Int64
    private var passed: Int64

    init(_ database: Database, _ name: String, _ position: LogPosition) throws(StorageError) {
        self.database = database
        self.name = name
        self.position = position
        let connection = try Connection(path: database.path, mode: .readOnly, vfs: database.state.options.vfs)
        select = try connection.prepare("SELECT id, record FROM journal WHERE id > ? ORDER BY id")
        selectExemplars = try connection.prepare(
            "SELECT id, series, time, value, labels, checksum FROM exemplar WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        )
        passed = position.record
        decoded = JournalFollower.segmentStart(position.record) - 1
    }

    func read(into part: inout LogPart, samplesMax: Int, through end: Int64?) throws(StorageError) {
        noteSkip()
        select.bind(1, decoded)
        defer { select.reset() }
        while try select.step() {
            let row = select.integer(0)
            if let end, row > end { return }
            if part.samples.count >= samplesMax { return }
            append(select.blob(1), row: row, to: &part)
            decoded = row
            if row > passed {
                passed = row
                part.lastRecord = row
            }
        }
    }

    /// Goes on where the store says that the follower is, where it went on without it.
    private func noteSkip() {
        guard let saved = database.state.followers[name], saved.record > passed else { return }
        position = saved
        passed = saved.record
        if decoded < passed {
            decoder = JournalDecoder()
            decoded = JournalFollower.segmentStart(passed) - 1
        }
        skips += 1
    }

    private func append(_ record: UnsafeRawBufferPointer, row: Int64, to part: inout LogPart) {
        do throws(DecodeError) {
            let content = try decoder.decode(record, row: row)
            // Read because others build on it.
            if row <= passed { return }
            switch content {
            case .floats(let batch): part.append(batch)
            case .side(let entries): part.append(entries)
            }
        } catch {
            // What is damaged was reported when the database was opened, or is by a check.
            if row > passed { part.damagedRecords += 1 }
        }
    }

    private static func segmentStart(_ row: Int64) -> Int64 { (row >> 32) << 32 }

    func exemplars(after id: Int64, through end: Int64?, max: Int) throws(StorageError) -> (
        samples: [ExemplarSample], last: Int64
    ) {
        selectExemplars.bind(1, id)
        selectExemplars.bind(2, end ?? .max)
        selectExemplars.bind(3, Int64(max))
        defer { selectExemplars.reset() }
        var found: [ExemplarSample] = []
        var last = id
        while try selectExemplars.step() {
            last = selectExemplars.integer(0)
            if let sample = Loader.exemplar(selectExemplars) { found.append(sample) }
        }
        return (found, last)
    }

    func labels(_ series: SeriesRef) -> Labels? { database.state.index.labels(of: series.id) }

    func save(_ position: LogPosition) throws(StorageError) {
        let name = name
        try database.perform { (writer) throws(StorageError) in
            var positions = writer.state.followers.all
            // Gone where it is no longer configured, and ahead where the store went on without it.
            guard let known = positions[name], known.record <= position.record else { return }
            positions[name] = position
            try writer.setFollowers(positions)
        }
        self.position = position
    }
}

extension LogPart {
    fileprivate mutating func append(_ batch: SampleBatch) {
        samples.reserveCapacity(samples.count + batch.refs.count)
        for (index, ref) in batch.refs.enumerated() {
            samples.append(Sample(series: ref, timestamp: batch.timestamp(index), value: batch.values[index]))
        }
    }

    fileprivate mutating func append(_ entries: [SideEntry]) {
        for entry in entries {
            var sample = Sample(series: SeriesRef(id: entry.series), timestamp: entry.time, value: 0)
            switch entry.sample {
            case .float(let bits): sample.value = Double(bitPattern: bits)
            case .histogram(let histogram):
                sample.histogram = Int32(histograms.count)
                histograms.append(histogram)
            // Written anew at each sealing too.
            case .startTime: continue
            }
            samples.append(sample)
        }
    }
}
