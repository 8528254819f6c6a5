import Model

/// Segments of the journal that are sealed, and held for followers; ascending.
struct HeldSegments {
    struct Segment {
        let number: Int64
        /// No sample in it is newer.
        let maxTime: Int64
    }

    var segments: [Segment] = []

    /// The first record behind them; nil where there are none.
    var end: Int64? { segments.last.map { ($0.number + 1) << 32 } }

    /// The end of those whose samples are all older than `time`; nil where there are none.
    func end(before time: Int64) -> Int64? {
        segments.prefix { $0.maxTime < time }.last.map { ($0.number + 1) << 32 }
    }

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
        let sealed = journal.segments.filter { $0.number << 32 < firstRecord }
        held.segments += sealed.map { HeldSegments.Segment(number: $0.number, maxTime: $0.maxTime) }
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
        guard !held.segments.isEmpty else { return }
        let oldest = state.gate.withLock { state.blocks.first?.start } ?? state.head.sealedEnd
        guard let end = held.end(before: oldest) else { return }
        var positions = state.followers.all
        for (name, position) in positions where position.record < end - 1 {
            positions[name] = LogPosition(
                record: end - 1, exemplar: position.exemplar, begunRecord: end - 1,
                begunExemplar: position.begunExemplar)
            state.counters.followerSkips.add()
            state.messages.add(
                "retention has overtaken what was to be sent to \(name): samples that are no longer kept were not sent")
        }
        try setFollowers(positions)
    }
}
