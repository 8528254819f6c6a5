import Model

/// Samples as two columns: timestamps, and values as whole numbers, where nearly all of them are decimals.
///
///     column       timestamps, without the first one
///     1 byte       places: a value is its whole number divided by 10^places
///     varint       number of exceptions: values that are no such decimal, such as NaN, infinities and minus zero
///     per exception   varint: index, less one past that of the exception before; 8 bytes: bits, least significant first
///     column       whole numbers; those of exceptions repeat the one before
enum DecimalChunk {
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
        let exceptions = try reader.readExceptions(count)
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
}
