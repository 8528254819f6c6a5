import Model

extension Head {
    /// Appends to `buffer` the samples of a series from `start` to before `end`. Called by the writer thread.
    func readChunks(of series: HeadSeries, from start: Int64, to end: Int64, into buffer: SampleBuffer)
        throws(DecodeError)
    {
        let first = buffer.count
        var chunk = series.first
        while let at = chunk, at.pointee.minTime < end {
            if at.pointee.maxTime >= start { try HeadChunk.decode(at, into: buffer) }
            chunk = at.pointee.next
        }
        buffer.trim(from: first, minTime: start, maxTime: end - 1)
    }

    /// Says that everything before `end` is in blocks now, of which `samples` were in chunks. Called by the writer
    /// thread, under the gate that keeps views from beginning.
    func setSealedEnd(_ end: Int64, samples: Int) {
        lock.withLock {
            sealedEnd = end
            sampleCount -= samples
        }
        chunksFrom = max(chunksFrom, end)
    }

    /// Whether no open view reads from chunks what is sealed by now.
    func canTruncate() -> Bool {
        lock.withLock { (views.oldestSealedEnd ?? .max) >= sealedEnd }
    }

    /// Frees the chunks of sealed samples that no open view reads, of the series numbered in `range`. Called by the
    /// writer thread.
    /// - Returns: the number of chunks freed.
    func truncate(_ range: Range<UInt32>) -> Int {
        let kept = SampleBuffer()
        return lock.withLock {
            var removed = 0
            let end = min(sealedEnd, views.oldestSealedEnd ?? .max)
            series.forEach(in: range) { _, series in
                removed += series.pointee.removeChunks(before: end)
                series.pointee.cutOpenChunk(before: end, kept)
            }
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
            low = min(low, max(sealedEnd, chunk.pointee.minTime))
            high = max(high, newest)
        }
        lock.withLock { timeRange = low <= high ? low...high : nil }
        let times = side.series.values.flatMap { series in
            [series.floats.range(sealedEnd, .max).first?.time, series.histograms.range(sealedEnd, .max).first?.time]
        }
        sideFrom = times.compactMap { $0 }.min()
    }

    /// Lets series whose newest sample was deleted take it again: it is not there any more to be repeated. Called by the
    /// writer thread, when all is sealed.
    func forgetNewest(of ids: [UInt32], _ minTime: Int64, _ maxTime: Int64) {
        for id in ids {
            guard let series = series[id], minTime <= series.pointee.stagedTime, series.pointee.stagedTime <= maxTime
            else { continue }
            series.pointee.stagedTime = .min
        }
    }

    /// Takes out of the series' sides what is in blocks now: what they had in `older` from `start` to before `end`.
    /// Called by the writer thread under the lock.
    func removeSide(of older: SideStore, from start: Int64, to end: Int64, _ ids: [UInt32]) {
        for id in ids { side.remove(id, of: older, from: start, to: end) }
    }
}
