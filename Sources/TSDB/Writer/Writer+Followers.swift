import Model

/// Segments of the journal that are sealed, and held for followers; ascending.
struct HeldSegments {
    struct Segment {
        let number: Int64
        /// No sample in it is newer; where ``isGuess`` is true, none of its first record is.
        var maxTime: Int64
        /// Whether the other records have not been looked at.
        var isGuess = false
        /// Of its records.
        let bytes: Int64
    }

    var segments: [Segment] = []

    /// The first record behind them; nil where there are none.
    var end: Int64? { segments.last.map { ($0.number + 1) << 32 } }

    var bytes: Int64 { segments.reduce(0) { $0 + $1.bytes } }

    mutating func remove(before record: Int64) { segments.removeAll { $0.number << 32 < record } }
}

extension Writer {
    /// Deletes the records before `firstRecord`, all of which are sealed, but for those that followers have not had. In a
    /// transaction.
    func removeSealedRecords(before firstRecord: Int64) throws(StorageError) {
        let from = min(firstRecord, state.followers.holdFrom)
        try tables.removeRecords(before: from)
        if from < firstRecord { try tables.setMeta(.journalStart, firstRecord) }
    }

    /// Notes what ``removeSealedRecords(before:)`` has done.
    func sealedRecordsRemoved(before firstRecord: Int64) {
        let hold = state.followers.holdFrom
        let loader = Loader(connection: tables.connection)
        for segment in journal.segments where segment.number << 32 < firstRecord && segment.number << 32 >= hold {
            // Only retention by size goes by it.
            let bytes = (try? loader.recordBytes(segment: segment.number)) ?? 0
            held.segments.append(
                HeldSegments.Segment(number: segment.number, maxTime: segment.maxTime, bytes: bytes))
        }
        held.remove(before: hold)
        journal.removed(before: firstRecord)
    }

    /// Makes positions durable, and deletes what is no longer held.
    func setFollowers(_ positions: [String: LogPosition]) throws(StorageError) {
        let known = state.followers.all
        let end = min(FollowerTable.holdFrom(positions), held.end ?? 0)
        try tables.transaction { () throws(StorageError) in
            for name in known.keys where positions[name] == nil { try tables.removeFollower(name) }
            for (name, position) in positions where known[name] != position {
                try tables.setFollower(name, position)
            }
            if held.segments.contains(where: { $0.number << 32 < end }) { try tables.removeRecords(before: end) }
        }
        state.followers.set(positions)
        held.remove(before: end)
    }

    /// Makes these the followers; new ones begin behind what there is.
    func setFollowers(_ names: [String]) throws(StorageError) {
        let known = state.followers.all
        let newest = LogPosition(
            record: journal.lastRow,
            exemplar: try tables.connection.integer("SELECT max(id) FROM exemplar") ?? 0)
        let wanted = Dictionary(names.map { ($0, known[$0] ?? newest) }) { first, _ in first }
        if wanted != known { try setFollowers(wanted) }
    }

    /// Goes on without followers that have not had what is older than all that is stored.
    func dropOvertaken() throws(StorageError) {
        let oldest = state.gate.withLock { state.blocks.first?.start } ?? state.head.sealedEnd
        if let end = try heldEnd(before: oldest) {
            for name in try skipFollowers(before: end) {
                state.messages.add(
                    "retention has overtaken what was to be sent to \(name): samples that are no longer kept were not sent"
                )
            }
        }
        mayHaveOvertaken = false
    }

    /// The end of the held segments whose samples are all older than `time`; nil where there are none.
    private func heldEnd(before time: Int64) throws(StorageError) -> Int64? {
        var end: Int64?
        for place in held.segments.indices {
            let number = held.segments[place].number
            if held.segments[place].isGuess, held.segments[place].maxTime < time {
                held.segments[place].maxTime = try Loader(connection: tables.connection).newestTime(segment: number)
                held.segments[place].isGuess = false
            }
            guard held.segments[place].maxTime < time else { break }
            end = (number + 1) << 32
        }
        return end
    }

    /// Goes on at `end`, which begins a segment, with followers that have not had all records before.
    ///
    /// - Returns: their names.
    func skipFollowers(before end: Int64) throws(StorageError) -> [String] {
        let last = try tables.connection.integer("SELECT max(id) FROM journal WHERE id < \(end)") ?? 0
        var positions = state.followers.all
        let late = positions.filter { $0.value.record < last }
        for (name, position) in late {
            positions[name] = LogPosition(
                record: end - 1, exemplar: position.exemplar, begunRecord: end - 1,
                begunExemplar: position.begunExemplar)
        }
        if !late.isEmpty { try setFollowers(positions) }
        return late.keys.sorted()
    }
}
