import Model

/// Which times are taken.
struct TimeBounds {
    /// Nothing after this.
    let latest: Int64
    /// Nothing before this, where the series' newest sample is older still.
    let lateFrom: Int64
    /// Nothing before this, where the series has newer samples; `Int64.max` where order is kept.
    let outOfOrderFrom: Int64
}

extension Head {
    /// Decides what of a batch can be stored, taking what was staged before it into account. Called by the writer
    /// thread; readers see nothing of it until ``apply(_:)``.
    ///
    /// - Parameter isKnown: whether a series that the head does not have yet was resolved and not forgotten.
    func stage(_ batch: SampleBatch, _ bounds: TimeBounds, isKnown: (UInt32) -> Bool) -> StagedBatch {
        var staged = StagedBatch(samples: batch, newSeries: [], result: AppendResult())
        var dropped: [Int] = []
        let hasStartTimes = batch.startTimes.count == batch.refs.count
        for index in 0..<batch.refs.count {
            let id = batch.refs[index].id
            guard let series = series[id] ?? (isKnown(id) ? createSeries(id, isPersisted: false) : nil) else {
                staged.result.rejected.append(.init(index: index, reason: .unknownSeries))
                continue
            }
            let time = batch.timestamp(index)
            let bits = batch.values[index].bitPattern
            if time > series.pointee.stagedTime, time >= chunksFrom, time <= bounds.latest {
                series.pointee.stagedTime = time
                series.pointee.stagedBits = bits
                staged.note(series, id)
            } else {
                switch judge(time, bits, series, bounds) {
                case .reject(let reason):
                    staged.result.rejected.append(.init(index: index, reason: reason))
                    continue
                case .repeated: break
                case .late:
                    staged.side.append(entry(id, time, .float(bits)))
                    staged.note(series, id)
                }
                dropped.append(index)
            }
            if hasStartTimes { stageStartTime(batch.startTimes[index], id, time, &staged) }
        }
        staged.result.appended = batch.refs.count - staged.result.rejected.count
        stageHistograms(batch, bounds, isKnown, &staged)
        stageExemplars(batch, bounds, &staged)
        if !staged.result.rejected.isEmpty || !dropped.isEmpty {
            staged.samples = batch.removing(Set(staged.result.rejected.map(\.index)).union(dropped))
        }
        return staged
    }

    private func entry(_ id: UInt32, _ time: Int64, _ sample: SideSample) -> SideEntry {
        SideEntry(series: id, time: time, sample: sample, isLate: time < chunksFrom)
    }

    private enum Judgement {
        case reject(AppendResult.Reason)
        /// It is there already.
        case repeated
        /// It is stored, but not in a chunk.
        case late
    }

    /// What becomes of a sample that does not go into a chunk.
    private func judge(
        _ time: Int64, _ bits: UInt64, _ series: UnsafeMutablePointer<HeadSeries>, _ bounds: TimeBounds
    ) -> Judgement {
        if time > bounds.latest || time < Head.minTime { return .reject(.tooOld) }
        if time > series.pointee.stagedTime {
            guard time >= bounds.lateFrom || time >= bounds.outOfOrderFrom else { return .reject(.tooOld) }
            series.pointee.stagedTime = time
            series.pointee.stagedBits = bits
            return .late
        }
        if time == series.pointee.stagedTime {
            return bits == series.pointee.stagedBits ? .repeated : .reject(.duplicate)
        }
        if time >= bounds.outOfOrderFrom { return .late }
        return .reject(time < min(chunksFrom, bounds.lateFrom) ? .tooOld : .outOfOrder)
    }

    private func stageHistograms(
        _ batch: SampleBatch, _ bounds: TimeBounds, _ isKnown: (UInt32) -> Bool, _ staged: inout StagedBatch
    ) {
        for (index, sample) in batch.histograms.enumerated() {
            let id = sample.ref.id
            guard let series = series[id] ?? (isKnown(id) ? createSeries(id, isPersisted: false) : nil) else {
                staged.result.rejectedHistograms.append(.init(index: index, reason: .unknownSeries))
                continue
            }
            if (try? sample.histogram.validate()) == nil {
                staged.result.rejectedHistograms.append(.init(index: index, reason: .invalid))
                continue
            }
            let entry = self.entry(id, sample.timestamp, .histogram(sample.histogram))
            switch judge(sample.timestamp, sample.histogram.sum.bitPattern, series, bounds) {
            case .reject(let reason):
                staged.result.rejectedHistograms.append(.init(index: index, reason: reason))
                continue
            case .repeated where !isRepeated(entry):
                staged.result.rejectedHistograms.append(.init(index: index, reason: .duplicate))
                continue
            case .repeated: break
            case .late:
                staged.side.append(entry)
                staged.note(series, id)
            }
            staged.result.appended += 1
            stageStartTime(sample.startTime, id, sample.timestamp, &staged)
        }
    }

    /// Whether the series has just this histogram at this time; where it was staged and not committed it counts as so.
    private func isRepeated(_ entry: SideEntry) -> Bool {
        let known = side.series[entry.series]?.histograms.range(entry.time, entry.time).first
        return known.map { .histogram($0.histogram) == entry.sample } ?? true
    }

    /// Notes where the start time of a series changes.
    private func stageStartTime(_ startTime: Int64, _ id: UInt32, _ time: Int64, _ staged: inout StagedBatch) {
        let known = staged.startTimes[id] ?? side.series[id]?.startTimes.last { $0.time <= time }?.startTime ?? 0
        guard startTime != known else { return }
        staged.startTimes[id] = startTime
        staged.side.append(entry(id, time, .startTime(startTime)))
    }

    private func stageExemplars(
        _ batch: SampleBatch, _ bounds: TimeBounds, _ staged: inout StagedBatch
    ) {
        for (index, sample) in batch.exemplars.enumerated() {
            let id = sample.ref.id
            let newest = staged.newestExemplars[id] ?? newestExemplars[id]
            if series[id] == nil || !(series[id]?.pointee.isPersisted ?? false) {
                staged.result.rejectedExemplars.append(.init(index: index, reason: .unknownSeries))
            } else if let newest, sample.repeats(newest) {
                continue
            } else if sample.exemplar.timestamp > bounds.latest || sample.exemplar.timestamp < Head.minTime {
                staged.result.rejectedExemplars.append(.init(index: index, reason: .tooOld))
            } else if let newest, sample.exemplar.timestamp < newest.exemplar.timestamp {
                staged.result.rejectedExemplars.append(.init(index: index, reason: .outOfOrder))
            } else {
                staged.newestExemplars[id] = sample
                staged.exemplars.append(sample)
            }
        }
    }

    /// Takes back what was staged and could not be committed. Called by the writer thread.
    func unstage(_ batches: [StagedBatch]) {
        for batch in batches {
            for id in batch.newSeries { series[id]?.pointee.isPersisted = false }
            for id in batch.samples.refs.map(\.id) + batch.side.map(\.series) {
                guard let series = series[id] else { continue }
                let newest = newestSample(of: id, series.pointee)
                series.pointee.stagedTime = newest?.time ?? .min
                series.pointee.stagedBits = newest?.bits ?? 0
            }
        }
    }
}

extension StagedBatch {
    /// Notes that a series gets a sample.
    fileprivate mutating func note(_ series: UnsafeMutablePointer<HeadSeries>, _ id: UInt32) {
        guard !series.pointee.isPersisted else { return }
        series.pointee.isPersisted = true
        newSeries.append(id)
    }
}

extension SampleBatch {
    /// The batch without the samples at `indices`.
    fileprivate func removing(_ indices: Set<Int>) -> SampleBatch {
        let kept = refs.indices.filter { !indices.contains($0) }
        return SampleBatch(
            refs: kept.map { refs[$0] },
            timestamps: timestamps.count == 1 ? timestamps : kept.map { timestamps[$0] },
            values: kept.map { values[$0] })
    }
}
