import Model

extension Head {
    /// Makes committed batches visible to views that begin from now on. Called by the writer thread.
    func apply(_ batches: [StagedBatch]) {
        lock.withLock {
            for batch in batches {
                apply(batch.samples)
                for entry in batch.side { side.add(entry) }
            }
        }
        noteNewest(batches)
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

    /// Histograms make time go on too.
    private func noteNewest(_ batches: [StagedBatch]) {
        for batch in batches {
            for entry in batch.side { noteTime(of: entry) }
        }
    }

    private func noteTime(of entry: SideEntry) {
        if case .startTime = entry.sample { return }
        newestTime = max(newestTime ?? .min, entry.time)
        if entry.time >= sealedEnd { sideFrom = min(sideFrom ?? .max, entry.time) }
    }

    /// Appends those samples of a replayed journal record that neither a block nor the head has. Called before the
    /// writer thread starts.
    func replay(_ batch: SampleBatch) {
        appendAll(batch) { _, series, time in
            guard time >= chunksFrom, time <= Head.maxTime, time > series.pointee.stagedTime else { return false }
            series.pointee.stagedTime = time
            return true
        }
    }

    /// Adds what a replayed record of the journal has beside.
    func replay(_ entries: [SideEntry]) {
        for entry in entries where (Head.minTime...Head.maxTime).contains(entry.time) {
            guard let series = series[entry.series] else { continue }
            if case .startTime = entry.sample {
                side.add(entry)
                continue
            }
            // What was not late went into the block with all the others of its time.
            guard entry.isLate || entry.time >= chunksFrom else { continue }
            side.add(entry)
            series.pointee.stagedTime = max(series.pointee.stagedTime, entry.time)
            noteTime(of: entry)
        }
    }

    /// Sets what the next samples are compared with, after everything has been replayed.
    func finishReplay() {
        series.forEach { id, series in
            guard let newest = newestSample(of: id, series.pointee) else { return }
            series.pointee.stagedTime = max(series.pointee.stagedTime, newest.time)
            series.pointee.stagedBits = newest.bits
        }
    }

    /// The newest sample of a series, with its bits where it is a float. Called by the writer thread.
    func newestSample(of id: UInt32, _ series: HeadSeries) -> (time: Int64, bits: UInt64)? {
        var newest = series.newest
        guard !side.isEmpty, let beside = side.series[id] else { return newest }
        if let float = beside.floats.last, float.time > newest?.time ?? .min { newest = (float.time, float.bits) }
        if let histogram = beside.histograms.last, histogram.time > newest?.time ?? .min {
            newest = (histogram.time, histogram.histogram.sum.bitPattern)
        }
        return newest
    }

    /// Appends the samples of a batch for which `prepare` gives true.
    @inline(__always)
    private func appendAll(
        _ batch: SampleBatch, _ prepare: (UInt32, UnsafeMutablePointer<HeadSeries>, Int64) -> Bool
    ) {
        var low = timeRange?.lowerBound ?? .max
        var high = timeRange?.upperBound ?? .min
        var lowest = Int64.max
        var count = 0
        for index in 0..<batch.refs.count {
            let time = batch.timestamp(index)
            let id = batch.refs[index].id
            guard let series = series[id], prepare(id, series, time) else { continue }
            chunkCount += series.pointee.append(time, batch.values[index].bitPattern)
            lowest = min(lowest, time)
            high = max(high, time)
            count += 1
        }
        guard count > 0 else { return }
        low = min(low, lowest)
        sampleCount += count
        timeRange = low...high
        latenessMs = max(latenessMs, (newestTime ?? lowest) - lowest)
        newestTime = max(newestTime ?? .min, high)
    }
}
