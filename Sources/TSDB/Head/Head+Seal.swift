import Model

extension Head {
    /// Appends to `buffer` the samples of a series in block `block`. Called by the writer thread.
    func readBlock(_ block: Int64, of series: HeadSeries, into buffer: SampleBuffer) throws(DecodeError) {
        let end = blockTime.end(of: block)
        let start = blockTime.start(of: block)
        var chunk = series.first
        while let at = chunk, at.pointee.minTime < end {
            if at.pointee.minTime >= start { try HeadChunk.decode(at, into: buffer) }
            chunk = at.pointee.next
        }
    }

    /// Says that everything before `end` is in blocks now. Called by the writer thread, under the gate that keeps views
    /// from beginning.
    func setSealedEnd(_ end: Int64) {
        lock.withLock { sealedEnd = end }
        acceptedFrom = max(acceptedFrom, end)
    }

    /// Whether no open view reads from the head what is sealed by now.
    func canTruncate() -> Bool {
        lock.withLock { (views.oldestSealedEnd ?? .max) >= sealedEnd }
    }

    /// Frees the chunks of sealed blocks that no open view reads, of the series numbered in `range`. Called by the
    /// writer thread.
    /// - Returns: the number of chunks freed.
    func truncate(_ range: Range<UInt32>) -> Int {
        lock.withLock {
            var removed = 0
            let end = min(sealedEnd, views.oldestSealedEnd ?? .max)
            series.forEach(in: range) { _, series in removed += series.pointee.removeChunks(before: end) }
            chunkCount -= removed
            return removed
        }
    }

    /// Finds `timeRange` anew. Called by the writer thread, after sealing.
    func findTimeRange() {
        var low = Int64.max
        var high = Int64.min
        series.forEach { _, series in
            var chunk = series.pointee.first
            while let at = chunk, at.pointee.maxTime < sealedEnd { chunk = at.pointee.next }
            guard let chunk, let newest = series.pointee.maxTime else { return }
            low = min(low, chunk.pointee.minTime)
            high = max(high, newest)
        }
        lock.withLock { timeRange = low <= high ? low...high : nil }
    }
}
