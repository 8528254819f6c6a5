#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Bins for numbers, and what it costs to code them so.
///
/// The numbers are sorted; bins begin at some of them only: at quantiles, before and behind frequent numbers, and near
/// both ends, where the rare ones are. Of the ways to cut there, the cheapest is found by dynamic programming: a bin's
/// cost is that of its symbols, as they are frequent, that of the places, as wide as its numbers lie apart, and what its
/// line in the header takes.
struct BinPlan {
    var bins: [BinnedColumn.Bin] = []
    /// How many numbers each bin has.
    var counts: [Int] = []
    /// The cost.
    var bits = 0.0

    private static let quantiles = 24
    private static let ends = 0..<4
    /// There are at most two places at each quantile, four near each end, and both ends; at most ``BinnedColumn/binsMax``
    /// bins.
    private static let startsMax = 2 * quantiles + 12
    /// What a bin takes in the header: its width and its weight; and a distance that is told, beside its own bits.
    private static let binBits = 14.0
    private static let distanceBits = 7.0

    /// - Parameters:
    ///   - sorted: `count` numbers, at least one.
    ///   - others: how many further numbers are coded by a symbol that is not among these bins.
    ///   - isNarrow: whether the column's own numbers, which these may be multiplied by a factor to give, lie so close
    ///     together that a bin may begin before the least of them.
    init(_ sorted: UnsafePointer<UInt64>, _ count: Int, others: Int, isNarrow: Bool) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.startsMax) { room in
            let starts = UnsafeMutableBufferPointer(rebasing: room[..<Self.findStarts(sorted, count, into: room)])
            withUnsafeTemporaryAllocation(of: Step.self, capacity: starts.count) { steps in
                cut(sorted, UnsafeBufferPointer(starts), steps, others: others)
            }
        }
        if isNarrow { adjoin(sorted) }
    }

    /// The cheapest way to the numbers that begin at one of the places where bins may.
    private struct Step {
        /// The number there.
        var low: UInt64 = 0
        /// What the bins before it cost, and the line of the one that begins here.
        var bits = 0.0
        /// Where the bin before it begins.
        var from = 0
    }

    private mutating func cut(
        _ sorted: UnsafePointer<UInt64>, _ starts: UnsafeBufferPointer<Int>,
        _ steps: UnsafeMutableBufferPointer<Step>, others: Int
    ) {
        let places = starts.count - 1
        let total = starts[places] + others
        let share = log2(Double(total))
        steps.initialize(repeating: Step())
        steps[0] = Step(low: sorted[0], bits: Self.binBits)
        xLog2Table.withUnsafeBufferPointer { table in
            for end in 1...places {
                let high = sorted[starts[end] - 1]
                var best = Double.infinity
                var from = 0
                for start in 0..<end {
                    let members = starts[end] - starts[start]
                    let width = 64 - (high - steps[start].low).leadingZeroBitCount
                    let cost = Double(members) * (share + Double(width)) - xLog2(members, table) + steps[start].bits
                    if cost < best { (best, from) = (cost, start) }
                }
                steps[end].from = from
                steps[end].bits = best
                guard end < places else { break }
                steps[end].low = sorted[starts[end]]
                steps[end].bits += Self.binBits + Self.distance(sorted, starts[from], starts[end])
            }
            bits = steps[places].bits + (others == 0 ? 0 : Double(others) * share - xLog2(others, table) + 8)
        }
        var end = places
        while end > 0 {
            let from = steps[end].from
            let low = sorted[starts[from]]
            let width = 64 - (sorted[starts[end] - 1] - low).leadingZeroBitCount
            bins.append(BinnedColumn.Bin(lower: low, width: UInt8(width)))
            counts.append(starts[end] - starts[from])
            end = from
        }
        bins.reverse()
        counts.reverse()
    }

    /// Moves bins down, as far as their widths and the numbers of the bin before let them, so that they end where the next
    /// one begins, which takes one bit to tell.
    private mutating func adjoin(_ sorted: UnsafePointer<UInt64>) {
        var start = counts.reduce(0, +)
        for index in bins.indices.reversed() {
            start -= counts[index]
            guard index + 1 < bins.count else { continue }
            let next = bins[index + 1].lower
            let width: UInt64 = 1 << UInt64(bins[index].width)
            let isFree = index == 0 || next &- sorted[start - 1] > width
            if next - bins[index].lower <= width, isFree { bins[index].lower = next &- width }
        }
    }

    /// What it takes to tell where a bin begins, when the one before has the numbers `start ..< end`.
    private static func distance(_ sorted: UnsafePointer<UInt64>, _ start: Int, _ end: Int) -> Double {
        let width = 64 - (sorted[end - 1] - sorted[start]).leadingZeroBitCount
        let apart = sorted[end] - sorted[start]
        if width == 64 || apart <= 1 << UInt64(width) { return 0 }
        return distanceBits + Double(64 - apart.leadingZeroBitCount)
    }

    /// Writes where bins may begin, ascending, and behind them the end.
    ///
    /// - Returns: how many.
    private static func findStarts(
        _ sorted: UnsafePointer<UInt64>, _ count: Int, into starts: UnsafeMutableBufferPointer<Int>
    ) -> Int {
        var found = 0
        // Nearly in order already, so that it is put in its place at once.
        func insert(_ start: Int) {
            var at = found
            while at > 0, starts[at - 1] > start {
                starts[at] = starts[at - 1]
                at -= 1
            }
            starts[at] = start
            found += 1
        }
        insert(0)
        for end in ends where 1 << end < count { insert(1 << end) }
        let step = (count + quantiles - 1) / quantiles
        var index = step
        while index < count {
            let value = sorted[index]
            if sorted[index - 1] == value || index + 1 < count && sorted[index + 1] == value {
                insert(firstIndex(sorted, 0, index) { $0 >= value })
                let behind = firstIndex(sorted, index, count) { $0 > value }
                insert(behind)
                index = max(behind, index + step)
            } else {
                insert(index)
                index += step
            }
        }
        for end in ends.reversed() where 1 << end < count { insert(count - 1 << end) }
        insert(count)
        var kept = 1
        for start in starts[1..<found] where start != starts[kept - 1] {
            // Equal numbers are never in two bins.
            if start < count, sorted[start] == sorted[start - 1] { continue }
            starts[kept] = start
            kept += 1
        }
        return kept
    }
}

/// The first index from `low` on of a sorted number for which `isBehind` holds, or `high`.
@inline(__always)
private func firstIndex(
    _ sorted: UnsafePointer<UInt64>, _ low: Int, _ high: Int, _ isBehind: (UInt64) -> Bool
) -> Int {
    var (low, high) = (low, high)
    while low < high {
        let middle = (low + high) / 2
        if isBehind(sorted[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
}

private let xLog2Table: [Double] = (0..<4096).map { $0 == 0 ? 0 : Double($0) * log2(Double($0)) }

/// x · log2(x), nearly, for 1...``SealedChunk/samplesMax``.
@inline(__always)
private func xLog2(_ x: Int, _ table: UnsafeBufferPointer<Double>) -> Double {
    if x < 4096 { return table[x] }
    let shift = Int.bitWidth - 12 - x.leadingZeroBitCount
    return Double(1 << shift) * table[x >> shift] + Double(x * shift)
}
