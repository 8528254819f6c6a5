import Model

/// The values of a row in a form that takes little room and little time to read:
///
///     whole numbers, less the smallest, 0, 1, 2 or 4 bytes each, of which a value is `(smallest + number) / 10^places`;
///     or the values themselves, 8 bytes each, where they are no such decimals or lie further apart
final class CachedValues: Sendable {
    // SAFETY: allocated and filled in `init`, never changed, freed in `deinit`.
    nonisolated(unsafe) private let bytes: UnsafeMutableRawPointer
    private let smallest: Double
    private let power: Double
    private let width: Int
    /// What they take in memory.
    let byteCount: Int

    /// - Parameter converter: kept by whoever caches several rows.
    init(_ values: UnsafePointer<Double>, count: Int, _ converter: WholeNumbers) {
        let places = converter.convert(values, count)
        let numbers = UnsafePointer(converter.numbers.room(count))
        if let places, converter.exceptions.isEmpty, let range = CachedValues.range(numbers, count) {
            (smallest, power) = (Double(range.smallest), Decimal.power(places))
            width = range.width
            byteCount = width * count
            bytes = .allocate(byteCount: max(1, byteCount), alignment: 8)
            switch width {
            case 1: CachedValues.pack(numbers, count, less: range.smallest, as: UInt8.self, bytes)
            case 2: CachedValues.pack(numbers, count, less: range.smallest, as: UInt16.self, bytes)
            case 4: CachedValues.pack(numbers, count, less: range.smallest, as: UInt32.self, bytes)
            default: break
            }
        } else {
            (smallest, power, width) = (0, 1, 8)
            byteCount = 8 * count
            bytes = .allocate(byteCount: max(1, byteCount), alignment: 8)
            bytes.copyMemory(from: values, byteCount: byteCount)
        }
    }

    deinit { bytes.deallocate() }

    /// - Returns: nil where the numbers take eight bytes each.
    private static func range(_ numbers: UnsafePointer<Int64>, _ count: Int) -> (smallest: Int64, width: Int)? {
        var (low, high) = (numbers[0], numbers[0])
        for index in 1..<max(1, count) { (low, high) = (min(low, numbers[index]), max(high, numbers[index])) }
        switch high &- low {
        case 0: return (low, 0)
        case 1...0xff: return (low, 1)
        case 0x100...0xffff: return (low, 2)
        case 0x1_0000...0xffff_ffff: return (low, 4)
        default: return nil
        }
    }

    private static func pack<Number: FixedWidthInteger>(
        _ numbers: UnsafePointer<Int64>, _ count: Int, less smallest: Int64, as type: Number.Type,
        _ bytes: UnsafeMutableRawPointer
    ) {
        let packed = bytes.bindMemory(to: Number.self, capacity: count)
        for index in 0..<count { packed[index] = Number(truncatingIfNeeded: numbers[index] &- smallest) }
    }

    /// Writes the values whose indices are in `window` to `values`.
    func copy(_ window: Range<Int>, to values: UnsafeMutablePointer<Double>) {
        switch width {
        case 0: values.update(repeating: smallest / power, count: window.count)
        case 1: unpack(UInt8.self, window, to: values)
        case 2: unpack(UInt16.self, window, to: values)
        case 4: unpack(UInt32.self, window, to: values)
        default:
            UnsafeMutableRawPointer(values).copyMemory(from: bytes + 8 * window.lowerBound, byteCount: 8 * window.count)
        }
    }

    @inline(__always)
    private func unpack<Number: FixedWidthInteger>(
        _ type: Number.Type, _ window: Range<Int>, to values: UnsafeMutablePointer<Double>
    ) {
        // Sums of whole numbers below 2^53 are exact, as is the number that was divided when the row was decoded.
        let packed = bytes.assumingMemoryBound(to: Number.self) + window.lowerBound
        if power == 1 {
            for index in 0..<window.count { values[index] = Double(packed[index]) + smallest }
        } else {
            for index in 0..<window.count { values[index] = (Double(packed[index]) + smallest) / power }
        }
    }
}

/// Ascending timestamps that rows in the cache share.
final class CachedTimes: Sendable {
    // SAFETY: `base` is allocated and filled in `init`, never changed, freed in `deinit`. `rows` is read and changed under
    // the cache's lock.
    nonisolated(unsafe) private let base: UnsafeMutablePointer<Int64>
    let count: Int
    /// How many rows in the cache have them.
    nonisolated(unsafe) var rows = 0

    init(_ times: UnsafeBufferPointer<Int64>) {
        count = times.count
        base = .allocate(capacity: max(1, count))
        if let first = times.baseAddress { base.initialize(from: first, count: count) }
    }

    deinit { base.deallocate() }

    var byteCount: Int { 8 * count }
    var buffer: UnsafeBufferPointer<Int64> { UnsafeBufferPointer(start: base, count: count) }
}
