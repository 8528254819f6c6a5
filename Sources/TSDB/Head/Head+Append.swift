import Model

extension Head {
    /// Makes committed batches visible to views that begin from now on. Called by the writer thread.
    func apply(_ batches: [StagedBatch]) {
        lock.withLock {
            for batch in batches { apply(batch.samples) }
        }
    }

    private func apply(_ batch: SampleBatch) {
        let remembers = !views.isEmpty
        appendAll(batch) { id, series, _ in
            if remembers, series.pointee.savedGeneration != views.currentGeneration {
                views.willAppend(to: id, newest: series.pointee.maxTime ?? .min)
                series.pointee.savedGeneration = views.currentGeneration
            }
            return true
        }
    }

    /// Appends those samples of a replayed journal record that neither a block nor the head has. Called before the
    /// writer thread starts.
    func replay(_ batch: SampleBatch) {
        appendAll(batch) { _, series, time in
            guard time >= acceptedFrom, time <= blockTime.maxTime, time > series.pointee.stagedTime else {
                return false
            }
            series.pointee.stagedTime = time
            return true
        }
    }

    /// Sets what the next samples are compared with, after everything has been replayed.
    func finishReplay() {
        series.forEach { _, series in
            if let newest = series.pointee.newest { series.pointee.stagedBits = newest.bits }
        }
    }

    /// Appends the samples of a batch for which `prepare` gives true.
    @inline(__always)
    private func appendAll(
        _ batch: SampleBatch, _ prepare: (UInt32, UnsafeMutablePointer<HeadSeries>, Int64) -> Bool
    ) {
        var low = timeRange?.lowerBound ?? .max
        var high = timeRange?.upperBound ?? .min
        var blockStart = Int64.max
        var blockEnd = Int64.min
        for index in 0..<batch.refs.count {
            let time = batch.timestamp(index)
            if time < blockStart || time >= blockEnd {
                let number = blockTime.number(of: time)
                (blockStart, blockEnd) = (blockTime.start(of: number), blockTime.end(of: number))
            }
            let id = batch.refs[index].id
            guard let series = series[id], prepare(id, series, time) else { continue }
            chunkCount += series.pointee.append(time, batch.values[index].bitPattern, blockStart: blockStart)
            low = min(low, time)
            high = max(high, time)
        }
        guard low <= high else { return }
        timeRange = low...high
        newestTime = max(newestTime ?? .min, high)
    }
}
