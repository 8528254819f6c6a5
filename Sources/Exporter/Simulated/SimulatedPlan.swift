/// What a simulated GPU is asked to do, in steps of `stepSeconds`, over one period that then repeats.
struct SimulatedPlan: Sendable {
    struct Step: Sendable {
        /// 0 to 100.
        var utilisation: Double
        /// MiB held by the job.
        var memoryMiB: Double
        /// The error that ends the job at this step; 0 at all others.
        var xid: Int64 = 0
        /// Which program holds the memory.
        var job: Job = .none
    }

    enum Job: Sendable {
        case none, training, inference
    }

    static let stepSeconds = 5
    /// Four hours: long enough that a dashboard's usual ranges show no repetition.
    static let stepCount = 4 * 3600 / stepSeconds

    /// `stepCount` of them.
    let steps: [Step]

    init(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var steps: [Step] = []
        steps.reserveCapacity(Self.stepCount)
        while steps.count < Self.stepCount {
            if Int.random(in: 0..<3, using: &random) > 0 {
                Self.train(&steps, &random)
            } else {
                Self.infer(&steps, &random)
            }
            Self.idle(seconds: .random(in: 60...420, using: &random), &steps)
        }
        // GPUs are at different places of their plans, so that no moment is the beginning of all.
        let start = Int.random(in: 0..<Self.stepCount, using: &random)
        self.steps = Array(steps[start..<Self.stepCount] + steps[..<start])
    }

    private static func idle(seconds: Int, _ steps: inout [Step]) {
        steps += repeatElement(Step(utilisation: 0, memoryMiB: 4), count: seconds / stepSeconds)
    }

    /// Training: memory fills in steps while data loads, then a high plateau with a dip at each checkpoint.
    private static func train(_ steps: inout [Step], _ random: inout SplitMix) {
        let memory = Double.random(in: 32_000...74_000, using: &random)
        let level = Double.random(in: 78...99, using: &random)
        let checkpointEvery = Int.random(in: 60...120, using: &random)
        for part in 1...4 {
            steps += repeatElement(
                Step(utilisation: 6, memoryMiB: memory * Double(part) / 4, job: .training), count: 2)
        }
        let failure = Self.failure(&random)
        for step in 0..<Int.random(in: 180...720, using: &random) {
            if step == failure?.step {
                steps.append(Step(utilisation: 0, memoryMiB: 4, xid: failure?.xid ?? 0))
                return
            }
            let saves = step % checkpointEvery >= checkpointEvery - 5
            let wobble = Double.random(in: -2...2, using: &random)
            steps.append(
                Step(utilisation: saves ? 9 : min(100, level + wobble), memoryMiB: memory, job: .training))
        }
    }

    /// One job in twelve ends by an error: mostly the program's own fault, seldom the memory's.
    private static func failure(_ random: inout SplitMix) -> (step: Int, xid: Int64)? {
        guard Int.random(in: 0..<12, using: &random) == 0 else { return nil }
        let codes: [Int64] = [31, 31, 31, 13, 13, 43, 45, 94]
        return (.random(in: 20..<180, using: &random), codes[Int.random(in: codes.indices, using: &random)])
    }

    /// Inference: requests come in bursts, the memory is a model's weights and its cache.
    private static func infer(_ steps: inout [Step], _ random: inout SplitMix) {
        let memory = Double.random(in: 16_000...42_000, using: &random)
        var level = 30.0
        for _ in 0..<Int.random(in: 60...240, using: &random) {
            level = max(8, min(80, level + .random(in: -14...14, using: &random)))
            steps.append(Step(utilisation: level, memoryMiB: memory, job: .inference))
        }
    }
}
