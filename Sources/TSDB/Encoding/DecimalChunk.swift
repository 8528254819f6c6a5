import Model

/// Samples as two columns: timestamps, and values as whole numbers, where nearly all of them are decimals.
///
///     column       timestamps, without the first one
///     1 byte       places: a value is its whole number divided by 10^places
///     varint       number of exceptions: values that are no such decimal, such as NaN, infinities and minus zero
///     per exception   varint: index, less one past that of the exception before; 8 bytes: bits, least significant first
///     column       whole numbers; those of exceptions repeat the one before
enum DecimalChunk {
    /// With more exceptions than this share of the samples, XOR is the better encoding.
    private static let exceptionShare = 16

    /// The payload, or nil where the samples do not suit it.
    static func encode(_ samples: SampleBuffer) -> [UInt8]? {
        let count = samples.count
        let bits = UnsafeRawPointer(samples.values).assumingMemoryBound(to: UInt64.self)
        guard let places = findPlaces(UnsafeBufferPointer(start: bits, count: count)) else { return nil }
        var bytes: [UInt8] = []
        let times = UnsafeBufferPointer(start: UnsafePointer(samples.timestamps), count: count)
        guard bytes.appendColumn(times, withFirst: false) else { return nil }
        bytes.append(places)
        var exceptions: [Int] = []
        var numbers: [Int64] = []
        numbers.reserveCapacity(count)
        for index in 0..<count {
            if let number = Decimal.integer(bits[index], places) {
                numbers.append(number)
            } else {
                exceptions.append(index)
                numbers.append(numbers.last ?? 0)
            }
        }
        guard exceptions.count <= count / exceptionShare + 1 else { return nil }
        bytes.appendVarint(UInt64(exceptions.count))
        var next = 0
        for index in exceptions {
            bytes.appendVarint(UInt64(index - next))
            bytes.appendFixed64(bits[index])
            next = index + 1
        }
        return numbers.withUnsafeBufferPointer { bytes.appendColumn($0, withFirst: true) } ? bytes : nil
    }

    /// The fewest places that all but a few values need, or nil where too many have none.
    private static func findPlaces(_ bits: UnsafeBufferPointer<UInt64>) -> UInt8? {
        var places: UInt8 = 0
        var exceptions = 0
        for value in bits where Decimal.integer(value, places) == nil {
            var more = places + 1
            while more <= UInt8(Decimal.placesMax), Decimal.integer(value, more) == nil { more += 1 }
            if more <= UInt8(Decimal.placesMax) {
                places = more
            } else {
                exceptions += 1
                if exceptions > bits.count / exceptionShare + 1 { return nil }
            }
        }
        return places
    }

    /// Appends the samples of a payload to `buffer`, which is as it was where this throws.
    ///
    /// - Parameter payload: with ``bitPaddingBytes`` behind it.
    static func decode(
        _ payload: UnsafeRawBufferPointer, count: Int, firstTime: Int64, into buffer: SampleBuffer
    ) throws(DecodeError) {
        buffer.reserve(count)
        let values = buffer.values + buffer.count
        // Both are eight bytes: the whole numbers stand where the values will.
        let numbers = UnsafeMutableRawPointer(values).assumingMemoryBound(to: Int64.self)
        var reader = ByteReader(payload)
        try reader.column(count, first: firstTime, into: buffer.timestamps + buffer.count)
        let places = try reader.byte()
        guard places <= UInt8(Decimal.placesMax) else { throw DecodeError("\(places) places are too many") }
        let exceptions = try readExceptions(&reader, count)
        try reader.column(count, first: nil, into: numbers)
        guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        let power = Decimal.power(places)
        if places == 0 {
            for index in 0..<count { values[index] = Double(numbers[index]) }
        } else {
            for index in 0..<count { values[index] = Double(numbers[index]) / power }
        }
        for (index, bits) in exceptions { values[index] = Double(bitPattern: bits) }
        buffer.count += count
    }

    private static func readExceptions(
        _ reader: inout ByteReader, _ count: Int
    ) throws(DecodeError) -> [(index: Int, bits: UInt64)] {
        var exceptions: [(index: Int, bits: UInt64)] = []
        var next = 0
        for _ in 0..<(try reader.count(max: count)) {
            let index = next + (try reader.count(max: count))
            guard index < count else { throw DecodeError("an exception is at \(index) of \(count)") }
            exceptions.append((index, try reader.fixed64()))
            next = index + 1
        }
        return exceptions
    }
}
