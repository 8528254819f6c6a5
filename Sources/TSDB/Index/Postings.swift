/// Operations on ascending arrays of series numbers.
enum Postings {
    /// All numbers of `lists`, no two of which share one.
    static func union(_ lists: [[UInt32]]) -> [UInt32] {
        if lists.count <= 1 { return lists.first ?? [] }
        var all: [UInt32] = []
        all.reserveCapacity(lists.reduce(0) { $0 + $1.count })
        for list in lists { all += list }
        guard let low = all.min(), let high = all.max() else { return [] }
        // A bit per number between the ends sorts in linear time; where the numbers lie far apart it would be too
        // large.
        if Int(high - low) > 64 * all.count { return all.sorted() }
        return sortByBits(all, low, high)
    }

    private static func sortByBits(_ numbers: [UInt32], _ low: UInt32, _ high: UInt32) -> [UInt32] {
        var words = [UInt64](repeating: 0, count: Int(high - low) / 64 + 1)
        for number in numbers { words[Int(number - low) >> 6] |= 1 << UInt64((number - low) & 63) }
        var sorted: [UInt32] = []
        sorted.reserveCapacity(numbers.count)
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                sorted.append(low + UInt32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return sorted
    }

    /// The numbers of `a` that `b` has too, or that it has not.
    static func filter(_ a: [UInt32], by b: [UInt32], keepShared: Bool) -> [UInt32] {
        var result: [UInt32] = []
        var index = 0
        for number in a {
            index = advance(b, index, to: number)
            let isShared = index < b.count && b[index] == number
            if isShared == keepShared { result.append(number) }
        }
        return result
    }

    /// Index of the first element from `start` on that is `number` or greater, found in growing leaps.
    private static func advance(_ list: [UInt32], _ start: Int, to number: UInt32) -> Int {
        var low = start
        var leap = 1
        while low + leap < list.count, list[low + leap] < number {
            low += leap
            leap *= 2
        }
        var high = Swift.min(low + leap, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
