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
    private static let ends = [1, 2, 4, 8]
    /// What a bin takes in the header: its width and its weight; and a distance that is told, beside its own bits.
    private static let binBits = 14.0
    private static let distanceBits = 7.0

    /// - Parameters:
    ///   - sorted: `count` numbers, at least one.
    ///   - others: how many further numbers are coded by a symbol that is not among these bins.
    init(_ sorted: UnsafePointer<UInt64>, _ count: Int, others: Int) {
        let starts = Self.findStarts(sorted, count)
        let total = count + others
        let share = log2(Double(total))
        bits = others == 0 ? 0 : Double(others) * share - xLog2(others) + 8
        let places = starts.count - 1
        var best = [Double](repeating: .infinity, count: starts.count)
        var from = [Int](repeating: 0, count: starts.count)
        var lines = [Double](repeating: Self.binBits, count: starts.count)
        best[0] = 0
        for end in 1...places {
            let high = sorted[starts[end] - 1]
            for start in 0..<end {
                let members = starts[end] - starts[start]
                let width = 64 - (high - sorted[starts[start]]).leadingZeroBitCount
                let cost = Double(members) * (share + Double(width)) - xLog2(members) + lines[start] + best[start]
                if cost < best[end] { (best[end], from[end]) = (cost, start) }
            }
            if end < places { lines[end] += Self.distance(sorted, starts[from[end]], starts[end]) }
        }
        bits += best[places]
        var end = places
        while end > 0 {
            let low = sorted[starts[from[end]]]
            let width = 64 - (sorted[starts[end] - 1] - low).leadingZeroBitCount
            bins.append(BinnedColumn.Bin(lower: low, width: UInt8(width)))
            counts.append(starts[end] - starts[from[end]])
            end = from[end]
        }
        bins.reverse()
        counts.reverse()
        if sorted[count - 1] - sorted[0] < 1 << 62 { adjoin(sorted) }
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

    /// Where bins may begin, ascending, and behind them the end: at most ``BinnedColumn/binsMax``.
    private static func findStarts(_ sorted: UnsafePointer<UInt64>, _ count: Int) -> [Int] {
        var starts: [Int] = [0, count]
        for index in ends where index < count { starts += [index, count - index] }
        let step = max(count / quantiles, 1)
        var index = step
        while index < count {
            let value = sorted[index]
            if sorted[index - 1] == value || index + 1 < count && sorted[index + 1] == value {
                starts.append(firstIndex(sorted, 0, index) { $0 >= value })
                let behind = firstIndex(sorted, index, count) { $0 > value }
                starts.append(behind)
                index = max(behind, index + step)
            } else {
                starts.append(index)
                index += step
            }
        }
        starts.sort()
        var unique: [Int] = []
        for start in starts where start != unique.last {
            // Equal numbers are never in two bins.
            if start > 0, start < count, sorted[start] == sorted[start - 1] { continue }
            unique.append(start)
        }
        return unique
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

/// x · log2(x).
@inline(__always)
private func xLog2(_ x: Int) -> Double { x < 4096 ? xLog2Table[x] : Double(x) * log2(Double(x)) }
