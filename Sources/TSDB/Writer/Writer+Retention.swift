import Model

extension Writer {
    /// The most series forgotten in one slice.
    private static let forgetSeriesMax = 10_000

    /// Deletes one block that is too old or too much; where there is none, forgets series that have no samples left.
    func deleteExpired() throws(StorageError) {
        if let block = expiredBlock() { return try delete(block) }
        let stored = SeriesRuns.union(state.gate.withLock { state.blocks }.map(\.series))
        let unused = state.index.unused(max: Writer.forgetSeriesMax) { id in
            state.head.series[id]?.pointee.first != nil || stored.contains(id)
                || state.head.side.hasSamples(id, .min, .max)
        }
        guard state.head.canForget(any: !unused.isEmpty) else {
            mayHaveExpired = false
            return
        }
        if !unused.isEmpty { try forget(unused) }
        mayHaveExpired = unused.count == Writer.forgetSeriesMax
    }

    func expiredBlock() -> Block? {
        let blocks = state.gate.withLock { state.blocks }
        guard let oldest = blocks.first else { return nil }
        let newest = max(
            state.head.newestTime ?? .min, blocks.map(\.maxTime).max() ?? .min, fullDisk.refusedTime ?? .min)
        let options = state.options
        let limit = newest.subtractingReportingOverflow(options.retentionMs)
        if options.retentionMs > 0, !limit.overflow, oldest.end <= limit.partialValue { return oldest }
        // What is held and has been overtaken is about to go.
        let bytes = blocks.reduce(mayHaveOvertaken ? 0 : held.bytes) { $0 + $1.byteCount }
        return options.retentionBytes > 0 && bytes > options.retentionBytes ? oldest : nil
    }

    private func delete(_ block: Block) throws(StorageError) {
        try delete(block) { () throws(StorageError) in
            try tables.removeChunks(Block.firstRow(block.number)...Block.lastRow(block.number))
        }
    }

    /// Deletes a block, and in the same transaction whatever `removeRows` does.
    func delete(_ block: Block, _ removeRows: () throws(StorageError) -> Void) throws(StorageError) {
        cancelMerging(from: block.start, to: block.end)
        try tables.transaction(
            commit: { (commit) throws(StorageError) in
                try state.gate.withLock { () throws(StorageError) in
                    try commit()
                    state.replaceBlocks([block.number], with: nil)
                }
            },
            { () throws(StorageError) in
                try tables.removeBlock(block.number)
                try removeRows()
            })
        state.head.noteDeletion()
        state.counters.blocksDeleted.add()
        mayHaveOvertaken = true
        mayVacuum = true
    }

    private func forget(_ ids: [UInt32]) throws(StorageError) {
        let pairs = state.index.releasePairs(onlyUsedBy: ids)
        let next = state.index.lock.read { state.index.nextSeries }
        do throws(StorageError) {
            try tables.transaction { () throws(StorageError) in
                for id in ids { try tables.removeSeries(id) }
                for pair in pairs { try tables.removeLabel(pair) }
                try tables.setMeta(.nextSeries, Int64(next))
            }
        } catch {
            // Or the next attempt would leave their rows behind.
            state.index.keepPairs(pairs)
            throw error
        }
        state.index.forget(ids)
        state.head.removeSeries(ids)
        for id in ids { state.head.newestExemplars[id] = nil }
        state.counters.seriesRemoved.add(ids.count)
    }
}
