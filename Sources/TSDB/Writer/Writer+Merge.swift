import Model

/// Blocks that are being written anew as one.
struct MergeProgress {
    /// Ascending by time.
    let sources: [Block]
    var builder: BlockBuilder
    /// The series that any of them has.
    let ids: [UInt32]
    var next = 0
}

extension Writer {
    /// As many blocks as the head has sealed are merged before their window is over: a full head seals often.
    private static let mergedBlocksMin = 4
    /// A row gets no longer than this by merging.
    private static let rowSamplesMax = 1 << 20

    /// Begins a merge, or goes on with one, or ends it.
    func mergeSlice() throws(StorageError) {
        guard var progress = merging ?? findMerge() else {
            mayMerge = false
            return
        }
        if progress.next < progress.ids.count {
            var isTooLong = false
            try tables.transaction { () throws(StorageError) in
                isTooLong = try mergeSeries(&progress)
            }
            merging = progress
            if isTooLong {
                unmergeable.formUnion(progress.sources.map(\.number))
                cancelMerging(from: progress.builder.block.start, to: progress.builder.block.end)
            }
        } else if progress.builder.hasWaitingRows {
            try tables.transaction { () throws(StorageError) in try progress.builder.flush(tables) }
            merging = progress
        } else {
            try finishMerging(progress)
        }
    }

    /// Blocks to merge: those of a window that is over, or several that the head has sealed one after another.
    private func findMerge() -> MergeProgress? {
        let blocks = state.gate.withLock { state.blocks }
        let windows = Dictionary(grouping: blocks) { state.windows.number(of: $0.start) }
        for (number, window) in windows.sorted(by: { $0.key < $1.key }) where window.count > 1 {
            let end = state.windows.end(of: number)
            guard window.allSatisfy({ $0.end <= end }) else { continue }
            // What is merged lies side by side, so that no block comes to cover the time of another.
            if state.head.sealedEnd >= end {
                let whole = window.split { unmergeable.contains($0.number) }.first { $0.count > 1 }
                if let whole { return beginMerge(Array(whole), level: Block.levelMax) }
            } else {
                let small = window.split { unmergeable.contains($0.number) || $0.level > 0 }
                    .first { $0.count >= Writer.mergedBlocksMin }
                if let small { return beginMerge(Array(small), level: 1) }
            }
        }
        return nil
    }

    private func beginMerge(_ sources: [Block], level: Int64) -> MergeProgress {
        let ids = SeriesRuns.union(sources.map(\.series)).runs.flatMap { Array($0) }
        let start = sources[0].start
        let end = sources.map(\.end).max() ?? start
        let builder = BlockBuilder(number: takeBlockNumber(), start: start, end: end, level: level)
        return MergeProgress(sources: sources, builder: builder, ids: ids)
    }

    /// - Returns: whether a row would get too long.
    private func mergeSeries(_ progress: inout MergeProgress) throws(StorageError) -> Bool {
        let buffer = SampleBuffer()
        var samples = 0
        while progress.next < progress.ids.count, samples < Writer.sliceSamplesMax {
            let id = progress.ids[progress.next]
            progress.next += 1
            buffer.removeAll()
            for source in progress.sources where source.series.contains(id) {
                let row = SampleBuffer()
                if let error = try reader.read(source, id, .min, .max, into: row) {
                    let reason = "block \(source.number), series \(id): \(error)"
                    state.reportDamage(reason)
                    try tables.setAside(Block.row(source.number, id), reason: reason)
                    continue
                }
                _ = buffer.merge(row)
            }
            if buffer.count > Writer.rowSamplesMax { return true }
            if buffer.count == 0 { continue }
            try progress.builder.add(id, buffer, tables)
            samples += buffer.count
        }
        return false
    }

    private func finishMerging(_ progress: MergeProgress) throws(StorageError) {
        let block = progress.builder.block
        try tables.transaction(
            commit: { (commit) throws(StorageError) in
                try state.gate.withLock { () throws(StorageError) in
                    try commit()
                    state.replaceBlocks(
                        Set(progress.sources.map(\.number)), with: block.series.count > 0 ? block : nil)
                }
            },
            { () throws(StorageError) in
                if block.series.count > 0 { try tables.addBlock(block) }
                for source in progress.sources { try tables.removeBlock(source.number) }
            })
        merging = nil
        leftovers += progress.sources.map(\.number)
        state.counters.merges.add()
    }

    /// Gives up a merge of the time from `start` to before `end`, because a block in it changes, comes or goes.
    func cancelMerging(from start: Int64, to end: Int64) {
        guard let progress = merging, start < progress.builder.block.end, progress.builder.block.start < end else {
            return
        }
        merging = nil
        leftovers.append(progress.builder.block.number)
    }

    /// Deletes up to so many rows of a block that does not count any more.
    func removeLeftovers(rows: Int = .max) throws(StorageError) {
        guard let number = leftovers.first else { return }
        let (first, last) = (Block.firstRow(number), Block.lastRow(number))
        let end = min(last, (try tables.chunk(rows, behind: first) ?? .max) - 1)
        try tables.transaction { () throws(StorageError) in try tables.removeChunks(first...end) }
        if end == last { leftovers.removeFirst() }
        mayVacuum = true
    }

    /// How many pages of the file may be free, and which share of it, before it is made shorter. While more is written,
    /// what is free is soon used again.
    private static let freeAtWork = (pages: Int64(256), share: Int64(10))
    private static let freeAtRest = (pages: Int64(32), share: Int64(50))
    private static let vacuumPages = 128

    /// Gives some free pages back to the file system, where there are many.
    /// - Parameter all: whether to do so where there are few, too.
    func vacuumSlice(all: Bool = false) throws(StorageError) {
        mayVacuum = false
        guard try tables.connection.integer("PRAGMA auto_vacuum") == 2 else { return }
        let free = try freePages()
        let pages = try tables.connection.integer("PRAGMA page_count") ?? 0
        let allowed = isResting ? Writer.freeAtRest : Writer.freeAtWork
        guard free > 0, all || free >= allowed.pages && free >= pages / allowed.share else { return }
        try vacuum(pages: Writer.vacuumPages)
        mayVacuum = true
    }

    func freePages() throws(StorageError) -> Int64 { try tables.connection.integer("PRAGMA freelist_count") ?? 0 }

    /// Gives up to so many free pages back to the file system.
    func vacuum(pages: Int) throws(StorageError) {
        try tables.transaction { () throws(StorageError) in
            try tables.connection.execute("PRAGMA incremental_vacuum(\(pages))")
        }
    }
}
