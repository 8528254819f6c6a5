import Model

extension Checker {
    /// Decodes all records in the order in which an opening of the database does.
    ///
    /// - Parameter sealedEnd: where the newest block ends.
    func checkJournal(sealedEnd: Int64?) throws(StorageError) {
        report(OperationProgress(stage: "checking the journal"))
        let end = max(sealedEnd ?? .min, try loader.meta(.sealedEnd) ?? .min)
        var decoder = JournalDecoder()
        try loader.journal { row, record in
            result.journalRecords += 1
            do throws(DecodeError) {
                switch try decoder.decode(record, row: row) {
                case .floats(let batch):
                    for (index, ref) in batch.refs.enumerated() where batch.timestamp(index) >= end {
                        noteOwner(ref.id)
                    }
                case .side(let entries):
                    // A late one may be in its block already, and its series forgotten since.
                    for entry in entries where !entry.isLate && entry.time >= end { noteOwner(entry.series) }
                }
            } catch {
                let place = "journal record \(row)"
                find(place, "\(error)", .setAsideRecord(row, reason: "\(place): \(error)"))
            }
        }
    }

    private func noteOwner(_ id: UInt32) {
        guard let stored, stored.series[id] == nil else { return }
        ownerless[id, default: Ownerless()].journalSamples += 1
    }
}
