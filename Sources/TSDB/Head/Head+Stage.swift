import Model

extension Head {
    /// Decides what of a batch can be stored, taking what was staged before it into account. Called by the writer
    /// thread; readers see nothing of it until ``apply(_:)``.
    ///
    /// - Parameters:
    ///   - latest: nothing after this time is taken.
    ///   - isKnown: whether a series that the head does not have yet was resolved and not forgotten.
    func stage(_ batch: SampleBatch, latest: Int64, isKnown: (UInt32) -> Bool) -> StagedBatch {
        let latest = min(latest, blockTime.maxTime)
        var result = AppendResult()
        var newSeries: [UInt32] = []
        var dropped: [Int] = []
        for index in 0..<batch.refs.count {
            let id = batch.refs[index].id
            guard let series = series[id] ?? (isKnown(id) ? createSeries(id, isPersisted: false) : nil) else {
                result.rejected.append(.init(index: index, reason: .unknownSeries))
                continue
            }
            let time = batch.timestamp(index)
            let bits = batch.values[index].bitPattern
            if time > series.pointee.stagedTime, time >= acceptedFrom, time <= latest {
                series.pointee.stagedTime = time
                series.pointee.stagedBits = bits
                if !series.pointee.isPersisted {
                    series.pointee.isPersisted = true
                    newSeries.append(id)
                }
            } else if time < acceptedFrom || time > latest {
                result.rejected.append(.init(index: index, reason: .tooOld))
            } else if time < series.pointee.stagedTime {
                result.rejected.append(.init(index: index, reason: .outOfOrder))
            } else if bits == series.pointee.stagedBits {
                dropped.append(index)
            } else {
                result.rejected.append(.init(index: index, reason: .duplicate))
            }
        }
        result.appended = batch.refs.count - result.rejected.count
        if result.rejected.isEmpty && dropped.isEmpty {
            return StagedBatch(samples: batch, newSeries: newSeries, result: result)
        }
        let left = Set(result.rejected.map(\.index)).union(dropped)
        return StagedBatch(samples: batch.removing(left), newSeries: newSeries, result: result)
    }

    /// Takes back what was staged and could not be committed. Called by the writer thread.
    func unstage(_ batches: [StagedBatch]) {
        for batch in batches {
            for id in batch.newSeries { series[id]?.pointee.isPersisted = false }
            for ref in batch.samples.refs {
                guard let series = series[ref.id] else { continue }
                let newest = series.pointee.newest
                series.pointee.stagedTime = newest?.time ?? .min
                series.pointee.stagedBits = newest?.bits ?? 0
            }
        }
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
