import Glibc
import Model

extension Database {
    public func stats() -> DatabaseStats {
        let counters = state.counters
        let head = state.head.lock.withLock { (chunks: state.head.chunkCount, range: state.head.timeRange) }
        let blocks = state.gate.withLock { state.blocks }
        return DatabaseStats(
            series: state.index.count, labelPairs: state.index.pairCount, headChunks: head.chunks,
            headMinTime: head.range?.lowerBound, headMaxTime: head.range?.upperBound,
            samplesAppended: counters.appended.value, samplesOutOfOrder: counters.outOfOrder.value,
            samplesDuplicate: counters.duplicates.value, samplesTooOld: counters.tooOld.value,
            samplesOfUnknownSeries: counters.unknownSeries.value, journalRecords: counters.journalRecords.value,
            journalBytes: counters.journalBytes.value, journalReplayed: counters.journalReplayed.value,
            blocks: blocks.count, blockSamples: blocks.reduce(0) { $0 + $1.sampleCount },
            blockBytes: blocks.reduce(0) { $0 + $1.byteCount }, blockMinTime: blocks.map(\.minTime).min(),
            seals: counters.seals.value, blocksDeleted: counters.blocksDeleted.value,
            writeFailures: counters.commitFailures.value, maintenanceFailures: counters.maintenanceFailures.value,
            corruptions: counters.corruptions.value, databaseBytes: fileBytes(path),
            logBytes: fileBytes(path + "-wal"), problems: state.messages.all)
    }

    /// The names and values that there are most of.
    /// - Parameter limit: entries of each list.
    public func cardinality(limit: Int = 10) -> Cardinality { state.index.cardinality(limit: limit) }

    /// The sealed blocks, oldest first.
    public func blockSummaries() -> [BlockSummary] {
        state.gate.withLock { state.blocks }.sorted { $0.start < $1.start }.map { block in
            BlockSummary(
                number: block.number, minTime: block.minTime, maxTime: block.maxTime, seriesCount: block.series.count,
                sampleCount: block.sampleCount)
        }
    }

    /// What went wrong since the last call, oldest first: for a log.
    public func takeProblems() -> [String] { state.messages.take() }
}

/// The length of a file, 0 where there is none.
func fileBytes(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
}
