/// How many samples selectors and range functions looked at, as Prometheus counts them: what is looked at for several
/// steps counts for each of them, and a native histogram as the samples that would take its room.
struct SampleCounts: Sendable {
    var total = 0
    /// Of which at each step; empty where nobody asks.
    var atStep: [Int]

    init(steps: Int) { atStep = Array(repeating: 0, count: steps) }

    init(_ context: QueryContext) { self.init(steps: context.countedSteps) }

    mutating func add(_ other: SampleCounts) {
        total &+= other.total
        for step in other.atStep.indices { atStep[step] &+= other.atStep[step] }
    }

    /// Makes what was counted since `before`, for one step alone, count for each of `steps` steps.
    mutating func `repeat`(since before: SampleCounts, steps: Int) {
        let once = total &- before.total
        total = before.total &+ once &* steps
        guard !atStep.isEmpty, once != 0 else { return }
        atStep = before.atStep
        for step in atStep.indices { atStep[step] &+= once }
    }
}
