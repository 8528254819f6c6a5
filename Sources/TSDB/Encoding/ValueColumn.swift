/// The values of a row: as whole numbers where nearly all of them are decimals, else as their bits.
///
///     1 byte       places, 0...9: a value is its whole number divided by 10^places; 16 more where there are exceptions;
///                  255: the numbers are the values' bits
///     exceptions   varint           number of exceptions: values that are no such decimal
///                  per exception    varint: index, less one past that of the exception before; 8 bytes: bits
///     column       ``NumberColumn`` of whole numbers; those of exceptions repeat the one before
enum ValueColumn {
    static let bitsForm: UInt8 = 255
    static let exceptionsFlag: UInt8 = 16
}

/// Writes values; its memory is kept from row to row.
final class ValueColumnEncoder {
    private let columns: NumberColumnEncoder
    private let converter = WholeNumbers()

    init(_ columns: NumberColumnEncoder) { self.columns = columns }

    /// Appends `count` values, at least one.
    func append(_ values: UnsafePointer<Double>, _ count: Int, to bytes: inout [UInt8]) {
        guard let places = converter.convert(values, count) else {
            bytes.append(ValueColumn.bitsForm)
            return columns.append(UnsafeRawPointer(values).assumingMemoryBound(to: Int64.self), count, to: &bytes)
        }
        let (numbers, exceptions) = (converter.numbers.room(count), converter.exceptions)
        // In front of the first decimal there is none to repeat.
        var run = 0
        while run < exceptions.count, exceptions[run].index == run { run += 1 }
        if run < count { numbers.update(repeating: numbers[run], count: run) }
        bytes.append(places | (exceptions.isEmpty ? 0 : ValueColumn.exceptionsFlag))
        if !exceptions.isEmpty { bytes.appendVarint(UInt64(exceptions.count)) }
        var next = 0
        for (index, bits) in exceptions {
            bytes.appendVarint(UInt64(index - next))
            bytes.appendFixed64(bits)
            next = index + 1
        }
        columns.append(numbers, count, to: &bytes)
    }
}

extension ByteReader {
    /// Reads `count` values into `values`, which has room for them. The bytes that are read from have
    /// ``xorDecodePaddingBytes`` behind them.
    mutating func valueColumn(_ count: Int, into values: UnsafeMutablePointer<Double>) throws(DecodeError) {
        // Both are eight bytes: the whole numbers stand where the values will.
        let numbers = UnsafeMutableRawPointer(values).assumingMemoryBound(to: Int64.self)
        let form = try byte()
        if form == ValueColumn.bitsForm { return try numberColumn(count, into: numbers) }
        let places = form & ~ValueColumn.exceptionsFlag
        guard places <= UInt8(Decimal.placesMax) else { throw DecodeError("\(places) places are too many") }
        let exceptions = form == places ? [] : try readExceptions(count)
        try numberColumn(count, into: numbers)
        let power = Decimal.power(places)
        if places == 0 {
            for index in 0..<count { values[index] = Double(numbers[index]) }
        } else {
            for index in 0..<count { values[index] = Double(numbers[index]) / power }
        }
        for (index, bits) in exceptions { values[index] = Double(bitPattern: bits) }
    }

    mutating func readExceptions(_ count: Int) throws(DecodeError) -> [(index: Int, bits: UInt64)] {
        var exceptions: [(index: Int, bits: UInt64)] = []
        var next = 0
        for _ in 0..<(try self.count(max: count)) {
            let index = next + (try self.count(max: count))
            guard index < count else { throw DecodeError("an exception is at \(index) of \(count)") }
            exceptions.append((index, try fixed64()))
            next = index + 1
        }
        return exceptions
    }
}
