extension ByteReader {
    /// Reads a column of `count` numbers into `numbers`, which has room for them. The bytes that are read from have
    /// ``bitPaddingBytes`` behind them.
    ///
    /// - Parameter first: the first number, where it is not in the column.
    mutating func column(
        _ count: Int, first: Int64?, into numbers: UnsafeMutablePointer<Int64>
    ) throws(DecodeError) {
        guard count > 0 else { return }
        numbers[0] = if let first { first } else { try zigzag() }
        guard count > 1 else { return }
        let difference = try zigzag()
        numbers[1] = numbers[0] &+ difference
        switch try byte() {
        case 0:
            for index in 2..<max(count, 2) { numbers[index] = numbers[index - 1] &+ difference }
        case 1:
            var start = 2
            while start < count {
                let length = min(IntegerColumn.blockCount, count - start)
                try block(numbers + start, length)
                start += length
            }
        case let kind: throw DecodeError("column kind \(kind) is not known")
        }
    }

    private mutating func block(_ numbers: UnsafeMutablePointer<Int64>, _ count: Int) throws(DecodeError) {
        let header = try self.count(max: 64 * IntegerColumn.Form.allCases.count - 1)
        guard let form = IntegerColumn.Form(rawValue: header >> 6), header & 63 <= IntegerColumn.widthMax else {
            throw DecodeError("block header \(header) is not known")
        }
        let width = header & 63
        let base = try zigzag()
        if form.isSparse { return try sparseBlock(numbers, count, form, width, base) }
        guard let bits = try bytes((count * width + 7) / 8).baseAddress else { throw .truncated }
        unpack(bits, width, base, count, numbers)
        switch form {
        case .difference: sum(numbers, count)
        case .change:
            var difference = numbers[-1] &- numbers[-2]
            for index in 0..<count {
                difference &+= numbers[index]
                numbers[index] = numbers[index - 1] &+ difference
            }
        default: break
        }
    }

    private mutating func sparseBlock(
        _ numbers: UnsafeMutablePointer<Int64>, _ count: Int, _ form: IntegerColumn.Form, _ width: Int, _ base: Int64
    ) throws(DecodeError) {
        let map = try bytes((count + 7) / 8)
        let filling = count & 7
        guard filling == 0 || map[map.count - 1] >> UInt8(filling) == 0 else {
            throw DecodeError("a bit map has bits behind its end")
        }
        let differing = map.reduce(0) { $0 + $1.nonzeroBitCount }
        guard let bits = try bytes((differing * width + 7) / 8).baseAddress else { throw .truncated }
        var position = 0
        for index in 0..<count {
            let before = numbers[index - 1]
            guard map[index >> 3] >> UInt8(index & 7) & 1 != 0 else {
                numbers[index] = before
                continue
            }
            let x = width == 0 ? 0 : Int64(bitPattern: peekBits(bits, position) >> UInt64(64 - width))
            position += width
            numbers[index] = base &+ x &+ (form == .sparseDifference ? before : 0)
        }
    }
}

/// Reads `count` numbers of `width` bits each, and adds `base` to them.
private func unpack(
    _ bits: UnsafeRawPointer, _ width: Int, _ base: Int64, _ count: Int, _ numbers: UnsafeMutablePointer<Int64>
) {
    guard width > 0 else { return numbers.update(repeating: base, count: count) }
    let shift = UInt64(64 - width)
    var position = 0
    for index in 0..<count {
        numbers[index] = base &+ Int64(bitPattern: peekBits(bits, position) >> shift)
        position += width
    }
}

/// Turns differences into numbers; the one before the first stands in front of them.
private func sum(_ numbers: UnsafeMutablePointer<Int64>, _ count: Int) {
    var number = numbers[-1]
    for index in 0..<count {
        number &+= numbers[index]
        numbers[index] = number
    }
}
