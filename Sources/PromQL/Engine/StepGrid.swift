/// The times at which an expression is evaluated: `count` of them, `step` milliseconds apart.
struct StepGrid: Sendable {
    /// Milliseconds since the Unix epoch.
    let start: Int64
    /// Milliseconds; 1 where there is one time only.
    let step: Int64
    let count: Int

    init(start: Int64, step: Int64, count: Int) {
        self.start = start
        self.step = max(step, 1)
        self.count = count
    }

    /// The times from `start` to `end`, which is included where a step falls on it. Empty where `end` lies before.
    init(start: Int64, end: Int64, step: Int64) {
        let step = max(step, 1)
        let length = end.subtractingReportingOverflow(start)
        let steps = length.overflow ? Int64.max / 2 : length.partialValue < 0 ? -1 : length.partialValue / step
        self.init(start: start, step: step, count: Int(steps) + 1)
    }

    /// A single time.
    init(instant: Int64) { self.init(start: instant, step: 1, count: 1) }

    // Times come from outside: they may be anything, so that arithmetic on them wraps.
    @inline(__always)
    func time(_ index: Int) -> Int64 { start &+ Int64(truncatingIfNeeded: index) &* step }

    var end: Int64 { time(max(count - 1, 0)) }
}
