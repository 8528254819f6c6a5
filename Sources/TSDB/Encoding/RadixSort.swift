/// Sorts `count` numbers, none of which is more than `high`, a byte at a time from the lowest on.
///
/// - Parameter other: room for as many.
/// - Returns: whichever of the two holds the sorted numbers; the other's contents are lost.
func radixSort(
    _ numbers: UnsafeMutablePointer<UInt64>, _ other: UnsafeMutablePointer<UInt64>, _ count: Int, high: UInt64
) -> UnsafeMutablePointer<UInt64> {
    var (from, to) = (numbers, other)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { ends in
        for shift in stride(from: UInt64(0), to: 64, by: 8) where high >> shift != 0 {
            ends.initialize(repeating: 0)
            for index in 0..<count { ends[Int(from[index] >> shift & 0xff)] += 1 }
            var sum = 0
            for digit in 0..<256 {
                let size = ends[digit]
                ends[digit] = sum
                sum += size
            }
            for index in 0..<count {
                let digit = Int(from[index] >> shift & 0xff)
                to[ends[digit]] = from[index]
                ends[digit] += 1
            }
            swap(&from, &to)
        }
    }
    return from
}
