/// Sorts numbers. Its memory is kept from sort to sort.
///
/// Numbers that lie close together are counted. Others are sorted by their upper bits, a digit at a time, which leaves
/// nearly none out of order; those are put in their places one by one.
final class RadixSorter {
    private let other = Scratch<UInt64>()
    private let counts = Scratch<UInt32>()

    /// Sorts `count` numbers, none of which is more than `high`.
    ///
    /// - Returns: where the sorted numbers are: `numbers`, or memory that is valid until the next sort. What was in
    ///   `numbers` is lost.
    func sort(_ numbers: UnsafeMutablePointer<UInt64>, _ count: Int, high: UInt64) -> UnsafeMutablePointer<UInt64> {
        if high < UInt64(max(256, 2 * count)) {
            countingSort(numbers, count, Int(high) + 1)
            return numbers
        }
        let width = 64 - high.leadingZeroBitCount
        let digit = count < 1024 ? 8 : 11
        var (from, to) = (numbers, other.room(count))
        let lowest = max(width - 2 * digit, 0)
        sortDigits(&from, &to, count, lowest..<width, digit)
        if lowest > 0, !insertionSort(from, count) { sortDigits(&from, &to, count, 0..<width, digit) }
        return from
    }

    private func countingSort(_ numbers: UnsafeMutablePointer<UInt64>, _ count: Int, _ values: Int) {
        // Two counts each: equal neighbours do not wait for each other.
        let counts = counts.room(2 * values)
        counts.initialize(repeating: 0, count: 2 * values)
        for index in 0..<count { counts[2 &* Int(truncatingIfNeeded: numbers[index]) &+ index & 1] &+= 1 }
        var at = 0
        for value in 0..<values {
            let size = Int(counts[2 * value] + counts[2 * value + 1])
            if size > 0 { (numbers + at).update(repeating: UInt64(value), count: size) }
            at += size
        }
    }

    /// Sorts by the bits of `range`, the lowest digit first. The sorted numbers are `from`'s.
    private func sortDigits(
        _ from: inout UnsafeMutablePointer<UInt64>, _ to: inout UnsafeMutablePointer<UInt64>, _ count: Int,
        _ range: Range<Int>, _ digit: Int
    ) {
        let passes = (range.count + digit - 1) / digit
        let digit = (range.count + passes - 1) / passes
        let mask: UInt64 = 1 << UInt64(digit) - 1
        let ends = counts.room(1 << digit)
        for pass in 0..<passes {
            let shift = UInt64(range.lowerBound + pass * digit)
            ends.initialize(repeating: 0, count: 1 << digit)
            for index in 0..<count { ends[Int(truncatingIfNeeded: from[index] &>> shift & mask)] &+= 1 }
            var sum: UInt32 = 0
            for digit in 0...Int(mask) {
                let size = ends[digit]
                ends[digit] = sum
                sum &+= size
            }
            for index in 0..<count {
                let digit = Int(truncatingIfNeeded: from[index] &>> shift & mask)
                to[Int(ends[digit])] = from[index]
                ends[digit] &+= 1
            }
            swap(&from, &to)
        }
    }

    /// - Returns: whether the numbers are sorted; where too many are out of order, it gives up.
    private func insertionSort(_ numbers: UnsafeMutablePointer<UInt64>, _ count: Int) -> Bool {
        var left = 2 * count
        for index in 1..<max(count, 1) where numbers[index] < numbers[index - 1] {
            let number = numbers[index]
            var at = index
            while at > 0, numbers[at - 1] > number {
                numbers[at] = numbers[at - 1]
                at -= 1
            }
            numbers[at] = number
            left -= index - at
            if left < 0 { return false }
        }
        return true
    }
}
