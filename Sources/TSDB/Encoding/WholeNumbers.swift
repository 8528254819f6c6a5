/// Turns values into the whole numbers that they are times a power of ten; its memory is kept from row to row.
///
/// Not thread-safe.
final class WholeNumbers {
    /// Room for as many as were converted last. An exception has that of the value before it.
    let numbers = Scratch<Int64>()
    /// Values that are no such decimals, ascending by index.
    private(set) var exceptions: [(index: Int, bits: UInt64)] = []

    /// With more exceptions than this share of the values, the bits are the better numbers.
    private static let exceptionShare = 16
    /// So many values are converted at once.
    private static let groupCount = 64

    /// Finds the whole numbers of `count` values, and what has none.
    ///
    /// - Returns: the fewest places that all but a few values need, or nil where too many have none.
    func convert(_ values: UnsafePointer<Double>, _ count: Int) -> UInt8? {
        let numbers = numbers.room(count)
        let exceptionsMax = count / Self.exceptionShare + 1
        exceptions.removeAll(keepingCapacity: true)
        var places: UInt8 = 0
        var start = 0
        while start < count {
            let end = min(start + Self.groupCount, count)
            if Decimal.integers(values + start, end - start, places, into: numbers + start) {
                start = end
                continue
            }
            let needed = convertOneByOne(values, start..<end, places, into: numbers)
            if exceptions.count > exceptionsMax { return nil }
            start = end
            if needed > places {
                // A value that has more places than those before it may not go with as few as they.
                places = needed
                start = 0
                exceptions.removeAll(keepingCapacity: true)
            }
        }
        return places
    }

    /// - Returns: `places`, or how many more the first value needs that does not go with them.
    private func convertOneByOne(
        _ values: UnsafePointer<Double>, _ range: Range<Int>, _ places: UInt8,
        into numbers: UnsafeMutablePointer<Int64>
    ) -> UInt8 {
        var last = range.lowerBound > 0 ? numbers[range.lowerBound - 1] : 0
        for index in range {
            let bits = values[index].bitPattern
            if let number = Decimal.integer(bits, places) {
                last = number
            } else {
                var more = places + 1
                while more <= UInt8(Decimal.placesMax), Decimal.integer(bits, more) == nil { more += 1 }
                if more <= UInt8(Decimal.placesMax) { return more }
                exceptions.append((index, bits))
            }
            numbers[index] = last
        }
        return places
    }
}
