#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Stretches of a column in which its numbers are alike: all the same, or spread about a mean.
///
/// 1. Where two neighbours lie farther apart than nearly all others do, a new stretch may begin.
/// 2. Neighbouring stretches are joined, those first that gain the most, while it costs less to code them as one than
///    the line in the header that a stretch takes.
/// 3. Stretches that are about as widely spread share a table, by the same rule.
struct Stretches {
    struct Stretch {
        var start: Int
        var count: Int
        /// Of the distances from the least number of the column.
        var mean: Double
        /// Sum of the squares of the distances from the mean.
        var squares: Double
        var table = 0

        var isConstant: Bool { squares == 0 }

        /// What its numbers cost, nearly: the entropy of a normal distribution that is as wide.
        var bits: Double { squares == 0 ? 0 : 0.5 * Double(count) * log2(17.08 * (squares / Double(count) + 1.0 / 12)) }

        func joined(_ other: Stretch) -> Stretch {
            let apart = other.mean - mean
            let sum = Double(count + other.count)
            return Stretch(
                start: min(start, other.start), count: count + other.count,
                mean: mean + apart * Double(other.count) / sum,
                squares: squares + other.squares + apart * apart * Double(count) * Double(other.count) / sum)
        }
    }

    private(set) var stretches: [Stretch] = []
    private(set) var tableCount = 0
    /// By how many bits a number's distance from the one before is longer than that from its stretch's mean, on average:
    /// half a bit where numbers do not depend on the ones before them, less where they do.
    private(set) var differenceBits = 0.0

    /// What all numbers cost, nearly, as one stretch, and how much less they do as several.
    private(set) var wholeBits = 0.0
    private(set) var savedBits = 0.0

    /// What a stretch takes in the header, and a table.
    private static let stretchBits = 64.0
    private static let tableBits = 150.0
    /// One number in so many may begin a stretch.
    private static let startShare = 48
    /// About so many numbers tell ``differenceBits``.
    private static let samples = 256

    /// - Parameters:
    ///   - low: the least of the numbers, by sign.
    ///   - span: how far the greatest lies above it. Where that is half of all numbers there are, nothing is looked for.
    init(_ numbers: UnsafePointer<UInt64>, _ count: Int, low: UInt64, span: UInt64) {
        guard span < 1 << 62 else { return }
        let starts = Self.findStarts(numbers, count)
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : count
            stretches.append(Self.measure(numbers, start..<end, low))
        }
        Self.join(&stretches, cost: Self.stretchBits) { $0.joined($1) }
        if stretches.count > 1 { measureSavings() }
        assignTables()
        differenceBits = measureDifferences(numbers, count, low)
    }

    /// Whether all stretches are constant, which decodes much faster than anything else.
    var isConstant: Bool { stretches.allSatisfy { $0.isConstant } }

    private mutating func measureSavings() {
        wholeBits = stretches.dropFirst().reduce(stretches[0]) { $0.joined($1) }.bits
        savedBits = wholeBits - stretches.reduce(0) { $0 + $1.bits + Self.stretchBits }
    }

    private func measureDifferences(_ numbers: UnsafePointer<UInt64>, _ count: Int, _ low: UInt64) -> Double {
        var bits = 0
        let step = max(count / Self.samples, 1)
        for stretch in stretches where !stretch.isConstant {
            let mean = low &+ UInt64(max(stretch.mean, 0))
            for index in stride(from: stretch.start + 1, to: stretch.start + stretch.count, by: step) {
                let distance = Int64(bitPattern: numbers[index] &- mean).magnitude
                bits &+= Self.length(numbers, index) &+ distance.leadingZeroBitCount &- 64
            }
        }
        return Double(bits * step) / Double(count)
    }

    /// Where neighbours lie far apart, and 0 first.
    private static func findStarts(_ numbers: UnsafePointer<UInt64>, _ count: Int) -> [Int] {
        // Two counts each: equal lengths do not wait for each other.
        var counts = InlineArray<130, Int>(repeating: 0)
        for index in 1..<max(count, 1) { counts[2 &* length(numbers, index) &+ index & 1] &+= 1 }
        let most = min(count / startShare + 4, BinnedColumn.segmentsMax - 1)
        var least = 64
        var found = 0
        while least > 0, found + counts[2 * least] + counts[2 * least + 1] <= most {
            found += counts[2 * least] + counts[2 * least + 1]
            least -= 1
        }
        var starts = [0]
        guard found > 0 else { return starts }
        for index in 1..<count where distance(numbers, index) >> UInt64(least) != 0 { starts.append(index) }
        return starts
    }

    /// The distance from the number before.
    @inline(__always)
    private static func distance(_ numbers: UnsafePointer<UInt64>, _ index: Int) -> UInt64 {
        Int64(bitPattern: numbers[index] &- numbers[index - 1]).magnitude
    }

    /// How many bits it has.
    @inline(__always)
    private static func length(_ numbers: UnsafePointer<UInt64>, _ index: Int) -> Int {
        64 - distance(numbers, index).leadingZeroBitCount
    }

    private static func measure(_ numbers: UnsafePointer<UInt64>, _ range: Range<Int>, _ low: UInt64) -> Stretch {
        // About the first number, so that a constant stretch has no spread at all.
        let first = numbers[range.lowerBound]
        var sum = 0.0
        var squares = 0.0
        for index in range {
            let distance = Double(Int64(bitPattern: numbers[index] &- first))
            sum += distance
            squares += distance * distance
        }
        let count = Double(range.count)
        return Stretch(
            start: range.lowerBound, count: range.count, mean: Double(first &- low) + sum / count,
            squares: max(squares - sum * sum / count, squares > 0 ? .leastNormalMagnitude : 0))
    }

    /// Joins neighbours while that saves more than `cost`.
    private static func join(
        _ stretches: inout [Stretch], cost: Double, _ joined: (Stretch, Stretch) -> Stretch
    ) {
        func gain(_ index: Int) -> Double {
            stretches[index].bits + stretches[index + 1].bits + cost
                - joined(stretches[index], stretches[index + 1]).bits
        }
        guard stretches.count > 1 else { return }
        var gains = (0..<stretches.count - 1).map(gain)
        while let best = gains.indices.max(by: { gains[$0] < gains[$1] }), gains[best] > 0 {
            stretches[best] = joined(stretches[best], stretches[best + 1])
            stretches.remove(at: best + 1)
            gains.remove(at: best)
            if best > 0 { gains[best - 1] = gain(best - 1) }
            if best < gains.count { gains[best] = gain(best) }
        }
    }

    /// Table 0 is that of constant stretches, where there are any.
    private mutating func assignTables() {
        let first = stretches.contains { $0.isConstant } ? 1 : 0
        var groups = stretches.filter { !$0.isConstant }.sorted { $0.deviation < $1.deviation }
        Self.join(&groups, cost: Self.tableBits, joinedSpread)
        while groups.count + first > BinnedColumn.tablesMax {
            groups[0] = joinedSpread(groups[0], groups.remove(at: 1))
        }
        var nearest = stretches.map { stretch in
            func apart(_ group: Int) -> Double { abs(log2(groups[group].deviation / stretch.deviation)) }
            return stretch.isConstant ? -1 : groups.indices.min { apart($0) < apart($1) } ?? 0
        }
        // A group whose stretches are all nearer to its neighbours has none left.
        for group in groups.indices.reversed() where !nearest.contains(group) {
            for index in nearest.indices where nearest[index] > group { nearest[index] -= 1 }
        }
        for index in stretches.indices where !stretches[index].isConstant {
            stretches[index].table = first + nearest[index]
        }
        tableCount = first + (nearest.max() ?? -1) + 1
    }
}

extension Stretches.Stretch {
    fileprivate var deviation: Double { squares / Double(count) }
}

/// As one group about means of their own.
private func joinedSpread(_ one: Stretches.Stretch, _ other: Stretches.Stretch) -> Stretches.Stretch {
    Stretches.Stretch(
        start: 0, count: one.count + other.count, mean: 0, squares: one.squares + other.squares)
}
