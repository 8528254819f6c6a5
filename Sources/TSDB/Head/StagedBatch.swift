import Model

/// A batch of which only what is to be stored is left, and what became of the rest.
struct StagedBatch: Sendable {
    var samples: SampleBatch
    /// The series that get their first sample ever.
    var newSeries: [UInt32]
    var result: AppendResult
}

extension SampleBatch {
    /// The batch in parts of at most `count` samples.
    func parts(of count: Int) -> [SampleBatch] {
        if refs.count <= count { return refs.isEmpty ? [] : [self] }
        return stride(from: 0, to: refs.count, by: count).map { start in
            let range = start..<min(start + count, refs.count)
            return SampleBatch(
                refs: Array(refs[range]),
                timestamps: timestamps.count == 1 ? timestamps : Array(timestamps[range]), values: Array(values[range]))
        }
    }

    var maxTime: Int64 { timestamps.max() ?? .min }
}
