/// A way of combining values whose grouping does not matter.
protocol Fold {
    associatedtype State
    static func lift(_ value: Double) -> State
    static func merge(_ older: State, _ newer: State) -> State
}

/// The combination of all values in a window that moves forward, in amortised constant time per value.
///
/// 1. The window is cut at `middle`. Left of it, the combination of each suffix up to `middle` is kept; right of it,
///    one running combination.
/// 2. A value that enters is merged into the running one; one that leaves only moves the index of the suffix in use.
/// 3. When the last suffix has left, the window's whole content becomes suffixes anew.
///
/// Nothing is ever subtracted, so that what has left leaves no rounding error, infinity or NaN behind.
///
/// - Source: the two-stack queue; Tangwongsan, Hirzel, Schneider, "Low-Latency Sliding-Window Aggregation in Worst-Case
///   Constant Time", DEBS 2017, section 2.
struct SlidingFold<F: Fold>: ~Copyable {
    private let values: UnsafePointer<Double>
    private let suffixes: UnsafeMutablePointer<F.State>
    private var middle = 0
    private var entered = 0
    private var running: F.State?
    private var firstSuffix = 0

    /// - Parameter count: how many values there are; windows lie within them.
    init(_ values: UnsafePointer<Double>, count: Int) {
        self.values = values
        suffixes = .allocate(capacity: max(count, 1))
    }

    deinit { suffixes.deallocate() }

    /// The combination of the values `low..<high`, of which there is at least one; neither bound ever decreases.
    @inline(__always)
    mutating func value(_ low: Int, _ high: Int) -> F.State {
        if low >= middle {
            rebuild(low, high)
        } else {
            while entered < high {
                let lifted = F.lift(values[entered])
                running = running.map { F.merge($0, lifted) } ?? lifted
                entered &+= 1
            }
        }
        let suffix = suffixes[low &- firstSuffix]
        return running.map { F.merge(suffix, $0) } ?? suffix
    }

    /// Makes suffixes of the whole window.
    private mutating func rebuild(_ low: Int, _ high: Int) {
        var state = F.lift(values[high - 1])
        suffixes[high - 1 - low] = state
        var index = high - 2
        while index >= low {
            state = F.merge(F.lift(values[index]), state)
            suffixes[index &- low] = state
            index &-= 1
        }
        firstSuffix = low
        middle = high
        entered = high
        running = nil
    }
}

/// A sum with the rounding error that it has left out.
///
/// - Source: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54, 1974.
struct CompensatedSum {
    var sum = 0.0
    var error = 0.0

    @inline(__always)
    mutating func add(_ value: Double) {
        let total = sum + value
        let isLarger = sum.magnitude >= value.magnitude
        let larger = isLarger ? sum : value
        let smaller = isLarger ? value : sum
        let lost = (larger - total) + smaller
        error = total.isInfinite ? 0 : error + lost
        sum = total
    }

    @inline(__always)
    var total: Double { sum.isInfinite ? sum : sum + error }
}

/// The sum of `count` values, added to `start` one after another; from 16 values on in four partial sums, because each
/// addition waits for the one before it. Where one of these comes near the largest numbers, they are added one after
/// another after all: whether that overflows depends on the order.
@inline(__always)
func compensatedSum(_ values: UnsafePointer<Double>, _ count: Int, from start: Double = 0) -> CompensatedSum {
    var a = CompensatedSum(sum: start)
    var index = 0
    if count >= 16 {
        // Minus zero changes nothing that it is added to.
        var (b, c, d) = (CompensatedSum(sum: -0.0), CompensatedSum(sum: -0.0), CompensatedSum(sum: -0.0))
        while index &+ 4 <= count {
            a.add(values[index])
            b.add(values[index &+ 1])
            c.add(values[index &+ 2])
            d.add(values[index &+ 3])
            index &+= 4
        }
        let largest = max(max(a.sum.magnitude, b.sum.magnitude), max(c.sum.magnitude, d.sum.magnitude))
        if largest < 1e300 {
            a = SumFold.merge(SumFold.merge(a, b), SumFold.merge(c, d))
        } else {
            a = CompensatedSum(sum: start)
            index = 0
        }
    }
    while index < count {
        a.add(values[index])
        index &+= 1
    }
    return a
}

enum SumFold: Fold {
    @inline(__always)
    static func lift(_ value: Double) -> CompensatedSum { CompensatedSum(sum: value) }

    @inline(__always)
    static func merge(_ older: CompensatedSum, _ newer: CompensatedSum) -> CompensatedSum {
        var result = older
        result.add(newer.sum)
        if !result.sum.isInfinite { result.error += newer.error }
        return result
    }
}

enum MinFold: Fold {
    @inline(__always)
    static func lift(_ value: Double) -> Double { value }
    @inline(__always)
    static func merge(_ older: Double, _ newer: Double) -> Double { newer < older || older.isNaN ? newer : older }
}

enum MaxFold: Fold {
    @inline(__always)
    static func lift(_ value: Double) -> Double { value }
    @inline(__always)
    static func merge(_ older: Double, _ newer: Double) -> Double { newer > older || older.isNaN ? newer : older }
}

/// Count, mean and sum of squared deviations of a set of values.
struct Moments {
    var count: Double
    var mean: Double
    var squares: Double
}

/// - Source: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979.
enum MomentsFold: Fold {
    @inline(__always)
    static func lift(_ value: Double) -> Moments {
        // An infinite value has no deviation from its mean.
        Moments(count: 1, mean: value, squares: value - value)
    }

    @inline(__always)
    static func merge(_ older: Moments, _ newer: Moments) -> Moments {
        let count = older.count + newer.count
        let delta = newer.mean - older.mean
        return Moments(
            count: count, mean: older.mean + delta * (newer.count / count),
            squares: older.squares + newer.squares + delta * delta * (older.count * newer.count / count))
    }
}
