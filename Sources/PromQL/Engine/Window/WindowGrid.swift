/// Which stretch of samples each step of a range function sees: those later than `end - rangeMs`, up to `end`.
struct WindowGrid: Sendable {
    /// The end of the first step's window, in milliseconds since the Unix epoch.
    let firstEnd: Int64
    /// How far the window moves from step to step; 0 where an `@` modifier fixes it.
    let endStep: Int64
    let rangeMs: Int64
    /// The times of evaluation; the windows' ends differ from them by the offset.
    let steps: StepGrid
    /// How much before and after a window is looked at too, for `anchored` and `smoothed`.
    var beforeMs: Int64 = 0
    var afterMs: Int64 = 0

    @inline(__always)
    func end(_ step: Int) -> Int64 { firstEnd &+ Int64(truncatingIfNeeded: step) &* endStep }

    var lastEnd: Int64 { end(max(steps.count - 1, 0)) }

    /// The earliest and latest sample time of use, both included.
    var minTime: Int64 { firstEnd &- rangeMs &- beforeMs &+ 1 }
    var maxTime: Int64 { lastEnd &+ afterMs }

    /// How many windows a sample lies in, which decides whether to carry state from window to window.
    var overlap: Int {
        if steps.count <= 1 { return 1 }
        return endStep == 0 ? steps.count : Int(truncatingIfNeeded: min(rangeMs / endStep, Int64(steps.count)))
    }

    /// From this many windows per sample on, carrying state from window to window is cheaper than beginning anew.
    static let overlapWorthSliding = 6

    var isSliding: Bool { overlap >= WindowGrid.overlapWorthSliding }

    /// Calls `body` with each step and the indices `low..<high` of the samples in its window.
    func forEachWindow(_ timestamps: UnsafePointer<Int64>, _ count: Int, _ body: (Int, Int, Int) -> Void) {
        var low = 0
        var high = 0
        let reach = rangeMs &+ beforeMs
        for step in 0..<steps.count {
            let end = end(step)
            while high < count, timestamps[high] <= end &+ afterMs { high &+= 1 }
            while low < high, timestamps[low] <= end &- reach { low &+= 1 }
            body(step, low, high)
        }
    }
}

/// Computes one range function over windows that move forward in time.
protocol WindowKernel: ~Copyable {
    /// The function's value for the samples `low..<high`, of which there is at least one, or an absent value.
    ///
    /// Neither bound ever decreases from call to call.
    /// - Parameters:
    ///   - end: the window's end in milliseconds.
    ///   - step: the step's index.
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double
}

/// A single series may have many long windows: after so many samples in them it is looked whether the query is over.
let samplesBetweenChecks = 1 << 22

/// Moves the windows over `samples` once and writes the kernel's value for each; returns how many samples all windows
/// held together.
///
/// - Parameter isOver: asked after many samples; where it is so, the values are void from there on.
/// - Complexity: linear in samples and steps, besides what the kernel does.
@inline(__always)
func runWindows<Kernel: WindowKernel & ~Copyable>(
    _ kernel: inout Kernel, _ samples: Samples, _ windows: WindowGrid, _ column: Column, isOver: () -> Bool
) -> Int {
    var low = 0
    var high = 0
    var seen = 0
    var nextCheck = samplesBetweenChecks
    let reach = windows.rangeMs &+ windows.beforeMs
    for step in 0..<windows.steps.count {
        let end = windows.end(step)
        while high < samples.count, samples.timestamps[high] <= end &+ windows.afterMs { high &+= 1 }
        while low < high, samples.timestamps[low] <= end &- reach { low &+= 1 }
        seen &+= high &- low
        if seen >= nextCheck {
            nextCheck = seen &+ samplesBetweenChecks
            if isOver() {
                for rest in step..<windows.steps.count { column[rest] = absentValue }
                return seen
            }
        }
        column[step] = high > low ? kernel.value(samples, low, high, end: end, step: step) : absentValue
    }
    return seen
}
