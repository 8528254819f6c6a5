/// When `target_info` is 1: where a resource has data points, so that there are never more samples of it than of these.
///
/// Time is cut into steps of half a lookback, and of each that has data points the first and the last count. Whenever a
/// query sees one of them, it sees `target_info` too.
struct OTLPTimes {
    private let stepMs: Int64
    private var steps: [Int64: ClosedRange<Int64>] = [:]
    private var last: Int64?

    init(stepMs: Int64) { self.stepMs = max(1, stepMs) }

    /// Takes the time of a data point; 0 is that of one that has none.
    mutating func add(_ time: Int64) {
        // Most of a request have the same.
        guard time > 0, time != last else { return }
        last = time
        let known = steps[time / stepMs] ?? time...time
        steps[time / stepMs] = min(known.lowerBound, time)...max(known.upperBound, time)
    }

    /// Ascending.
    var all: [Int64] {
        steps.values.flatMap { $0.lowerBound == $0.upperBound ? [$0.lowerBound] : [$0.lowerBound, $0.upperBound] }
            .sorted()
    }
}
