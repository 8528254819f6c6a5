import Model

extension Writer {
    /// Deletes the samples of some series from `minTime` to `maxTime`. What was appended before the call is gone when it
    /// returns; its room is free for other samples.
    ///
    /// - Returns: how many samples were deleted.
    func deleteSamples(_ ids: [UInt32], _ minTime: Int64, _ maxTime: Int64) throws(StorageError) -> Int {
        try sealAll()
        var deleted = 0
        let blocks = state.gate.withLock { state.blocks }.overlapping(minTime, maxTime)
        for block in blocks {
            let place = Place(start: block.start, end: block.end, block: block.number)
            let stored = ids.filter { block.series.contains($0) }
            for start in stride(from: 0, to: stored.count, by: Writer.sliceRows) {
                let slice = Array(stored[start..<min(start + Writer.sliceRows, stored.count)])
                deleted += try rewrite(place, slice) { _, buffer in buffer.remove(minTime, maxTime) }
            }
        }
        state.head.noteDeletion()
        state.head.forgetNewest(of: ids, minTime, maxTime)
        mayHaveExpired = true
        mayVacuum = true
        return deleted
    }

    /// Rows rewritten in one transaction by operations that a caller waits for.
    private static let sliceRows = 1024

    /// Merges samples of any age with what is there. Of two samples of one series and time the one that is there stays.
    func importSamples(_ imported: [(SeriesRef, SampleBuffer)]) throws(StorageError) -> ImportResult {
        let sorted = imported.map { (ref: $0.0, samples: $0.1) }.filter { $0.samples.count > 0 }
            .sorted { $0.ref.id < $1.ref.id }
        guard let low = sorted.map({ $0.samples.timestamps[0] }).min(),
            let high = sorted.map({ $0.samples.timestamps[$0.samples.count - 1] }).max()
        else { return ImportResult(series: 0, samples: 0, duplicates: 0) }
        guard low >= Head.minTime, high < Head.maxTime else {
            throw .io(
                "samples from \(low) to \(high) ms cannot be stored: times are \(Head.minTime) to \(Head.maxTime)")
        }
        try sealAll()
        try storeSeries(sorted.map(\.ref))
        if high >= state.head.sealedEnd { raiseSealedEnd(to: high + 1) }
        var result = ImportResult(series: Set(sorted.map(\.ref)).count, samples: 0, duplicates: 0)
        var time = low
        while time <= high {
            let place = self.place(of: time)
            try importInto(place, sorted, &result)
            guard let next = sorted.compactMap({ $0.samples.firstTime(atLeast: place.end) }).min() else { break }
            time = next
        }
        mayMerge = true
        mayHaveExpired = true
        return result
    }

    private func importInto(
        _ place: Place, _ imported: [(ref: SeriesRef, samples: SampleBuffer)], _ result: inout ImportResult
    ) throws(StorageError) {
        var parts: [UInt32: SampleBuffer] = [:]
        for (ref, samples) in imported {
            let part = SampleBuffer()
            part.append(samples, 0..<samples.count)
            part.trim(minTime: place.start, maxTime: place.end - 1)
            if part.count == 0 { continue }
            if let known = parts[ref.id] { result.duplicates += known.merge(part) } else { parts[ref.id] = part }
        }
        let ids = parts.keys.sorted()
        var place = place
        for start in stride(from: 0, to: ids.count, by: Writer.sliceRows) {
            let slice = Array(ids[start..<min(start + Writer.sliceRows, ids.count)])
            var added = 0
            result.duplicates += try rewrite(place, slice) { id, buffer in
                guard let part = parts[id] else { return 0 }
                let leftOut = buffer.merge(part)
                added += part.count - leftOut
                return leftOut
            }
            result.samples += added
            // The first slice may have made the block.
            place = self.place(of: place.start)
        }
    }

    /// Gives series their rows, as a commit of samples would.
    private func storeSeries(_ refs: [SeriesRef]) throws(StorageError) {
        var new: [UInt32] = []
        for ref in refs {
            guard
                let series = state.head.series[ref.id]
                    ?? (state.index.isKnown(ref.id) ? state.head.createSeries(ref.id, isPersisted: false) : nil)
            else { throw .io("series \(ref.id) is not known") }
            if !series.pointee.isPersisted, new.last != ref.id { new.append(ref.id) }
        }
        if new.isEmpty { return }
        let rows = state.index.storedForm(of: new)
        do throws(StorageError) {
            try tables.transaction { () throws(StorageError) in try tables.add(rows) }
        } catch {
            state.index.unstorePairs(rows)
            throw error
        }
        for id in new { state.head.series[id]?.pointee.isPersisted = true }
        state.index.publish(new)
        state.counters.seriesCreated.add(new.count)
    }

    /// Lets times before `end` belong to blocks. The head is empty.
    private func raiseSealedEnd(to end: Int64) {
        state.gate.withLock { state.head.setSealedEnd(end, samples: 0) }
        state.head.newestTime = max(state.head.newestTime ?? .min, end - 1)
    }

    /// Puts all that is in memory into blocks, and deletes the journal: what it still has belongs to no series.
    ///
    /// - Returns: the names of the followers that have not had all of it.
    func emptyJournal() throws(StorageError) -> [String] {
        try sealAll()
        let late = try skipFollowers(before: (journal.lastRow >> 32 + 1) << 32)
        try tables.transaction { () throws(StorageError) in try tables.removeRecords(before: .max) }
        journal.removed(before: .max)
        held.remove(before: .max)
        return late
    }

    /// Puts everything into blocks as large as they get, and gives free room back to the file system.
    func compact(_ progress: OperationProgress.Report) throws(StorageError) {
        progress(OperationProgress(stage: "sealing what is in memory"))
        try sealAll()
        mayMerge = true
        mayHaveExpired = true
        while sealing != nil || merging != nil || mayMerge || mayHaveExpired || !leftovers.isEmpty {
            if mayHaveExpired {
                try deleteExpired()
            } else if !leftovers.isEmpty {
                try removeLeftovers()
            } else {
                try mergeSlice()
                guard let merging else { continue }
                progress(
                    OperationProgress(
                        stage: "merging \(merging.sources.count) blocks", done: Int64(merging.next),
                        total: Int64(merging.ids.count)))
            }
        }
        mayVacuum = true
        let pages = try tables.connection.integer("PRAGMA freelist_count") ?? 0
        while mayVacuum {
            try vacuumSlice(all: true)
            let left = try tables.connection.integer("PRAGMA freelist_count") ?? 0
            progress(OperationProgress(stage: "giving free pages back", done: pages - left, total: pages))
        }
    }
}

/// What became of imported samples.
public struct ImportResult: Sendable, Equatable {
    /// Series that had any.
    public var series: Int
    /// Samples that were stored.
    public var samples: Int
    /// Samples that were left out, because their series has one of the same time.
    public var duplicates: Int

    public init(series: Int, samples: Int, duplicates: Int) {
        self.series = series
        self.samples = samples
        self.duplicates = duplicates
    }
}

extension SampleBuffer {
    /// Takes out the samples from `minTime` to `maxTime`, and gives their number.
    fileprivate func remove(_ minTime: Int64, _ maxTime: Int64) -> Int {
        let before = count
        let kept = SampleBuffer()
        let low = firstIndex(atLeast: minTime)
        let high = maxTime == .max ? count : firstIndex(atLeast: maxTime + 1)
        guard low < high else { return 0 }
        kept.append(self, 0..<low)
        kept.append(self, high..<count)
        removeAll()
        append(kept, 0..<kept.count)
        return before - count
    }

    private func firstIndex(atLeast time: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate func firstTime(atLeast time: Int64) -> Int64? {
        let index = firstIndex(atLeast: time)
        return index < count ? timestamps[index] : nil
    }
}
