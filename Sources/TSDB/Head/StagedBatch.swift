import Model

/// A batch of which only what is to be stored is left, and what became of the rest.
struct StagedBatch: Sendable {
    /// Floats that go on where their series ends.
    var samples: SampleBatch
    /// What else is to be stored.
    var side: [SideEntry] = []
    var exemplars: [ExemplarSample] = []
    /// Per series its newest start time and exemplar in the batch.
    var startTimes: [UInt32: Int64] = [:]
    var newestExemplars: [UInt32: ExemplarSample] = [:]
    /// The series that get their first sample ever.
    var newSeries: [UInt32]
    var result: AppendResult

    var isEmpty: Bool { samples.refs.isEmpty && side.isEmpty && exemplars.isEmpty }
}

extension SampleBatch {
    /// The batch's samples in parts of at most `count`.
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
