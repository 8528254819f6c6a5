/// Whole numbers as a column, in whichever form takes least:
///
///     1 byte   form
///     form 0   all numbers are the same                 varint, zigzag: the first
///          1   they go on by the same difference        varints, zigzag: the first, the difference
///          2   few numbers                              varints, zigzag: the first, each other less the one before
///          3   a ``BinnedColumn`` of the numbers
///          4   … of their differences                   varint, zigzag: the first; the column
///          5   … of the differences' differences        varints, zigzag: the first, the second less the first; the column
///
/// Arithmetic wraps.
enum NumberColumn {
    enum Form: UInt8 {
        case constant, linear, varints
        case binned, binnedDifferences, binnedChanges
    }

    /// Beyond so many numbers, one varint each is never the shortest form that matters.
    fileprivate static let varintsMax = 64
}

/// Writes columns; its memory is kept from column to column.
final class NumberColumnEncoder {
    private let binned = BinnedColumnEncoder()
    private let differences = Scratch<UInt64>()
    private let changes = Scratch<UInt64>()

    /// Where a number costs less than so many bits, other residuals are not tried.
    private static let littleBits = 0.4
    /// Where distances from the number before are so much longer than those from the mean, differences are not tried.
    private static let noiseBits = 0.3

    /// Appends `count` numbers, at least one.
    func append(_ numbers: UnsafePointer<Int64>, _ count: Int, to bytes: inout [UInt8]) {
        guard let form = simpleForm(numbers, count) else { return appendBinned(numbers, count, to: &bytes) }
        bytes.append(form.rawValue)
        bytes.appendZigzag(numbers[0])
        if form == .linear { bytes.appendZigzag(numbers[1] &- numbers[0]) }
    }

    private func simpleForm(_ numbers: UnsafePointer<Int64>, _ count: Int) -> NumberColumn.Form? {
        guard count > 1 else { return .constant }
        let difference = numbers[1] &- numbers[0]
        for index in 1..<count where numbers[index] &- numbers[index - 1] != difference { return nil }
        return difference == 0 ? .constant : .linear
    }

    /// - Parameter count: at least three, or they would be linear.
    private func appendBinned(_ numbers: UnsafePointer<Int64>, _ count: Int, to bytes: inout [UInt8]) {
        let differences = differences.room(count)
        let plain = UnsafeRawPointer(numbers).assumingMemoryBound(to: UInt64.self)
        var form = NumberColumn.Form.binned
        var residuals = plain
        var best = BinnedColumnEncoder.Plan()
        // Of numbers that only ever ascend, each is another.
        if !subtract(plain, 1, count, into: differences) { best = binned.plan(plain, count, isLast: false) }
        for known in 1...2 where count > known {
            if best.bits < Self.littleBits * Double(count) || best.differenceBits > Self.noiseBits { break }
            let candidate = known == 1 ? differences : changes.room(count)
            if known == 2 { subtract(differences, 2, count, into: candidate) }
            var plan = binned.plan(candidate + known, count - known, isLast: known == 2)
            best.differenceBits = plan.differenceBits
            // The numbers in front.
            plan.bits += 16 + Double(64 - zigzag(numbers[0]).leadingZeroBitCount)
            guard plan.bits < best.bits else { continue }
            best = plan
            form = known == 1 ? .binnedDifferences : .binnedChanges
            residuals = UnsafePointer(candidate)
        }
        let known = Int(form.rawValue - NumberColumn.Form.binned.rawValue)
        let start = bytes.count
        bytes.append(form.rawValue)
        for index in 0..<known { bytes.appendZigzag(index == 0 ? numbers[0] : numbers[1] &- numbers[0]) }
        binned.write(best, residuals + known, count - known, to: &bytes)
        if count <= NumberColumn.varintsMax { replaceByVarints(numbers, count, &bytes, from: start) }
    }

    /// Writes what each number from `start` on is more than the one before.
    ///
    /// - Returns: whether most of them are more, and none is less.
    @discardableResult
    private func subtract(
        _ numbers: UnsafePointer<UInt64>, _ start: Int, _ count: Int, into differences: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        var signs: UInt64 = 0
        var rises = 0
        for index in start..<count {
            let difference = numbers[index] &- numbers[index - 1]
            differences[index] = difference
            signs |= difference
            rises += difference != 0 ? 1 : 0
        }
        return signs >> 63 == 0 && rises > count / 4 * 3
    }

    private func replaceByVarints(
        _ numbers: UnsafePointer<Int64>, _ count: Int, _ bytes: inout [UInt8], from start: Int
    ) {
        var varints: [UInt8] = [NumberColumn.Form.varints.rawValue]
        varints.appendZigzag(numbers[0])
        for index in 1..<count { varints.appendZigzag(numbers[index] &- numbers[index - 1]) }
        if varints.count <= bytes.count - start { bytes.replaceSubrange(start..., with: varints) }
    }
}

extension ByteReader {
    /// Reads a column of `count` numbers, at least one, into `numbers`, which has room for them. The bytes that are read
    /// from have ``xorDecodePaddingBytes`` behind them.
    mutating func numberColumn(_ count: Int, into numbers: UnsafeMutablePointer<Int64>) throws(DecodeError) {
        let tag = try byte()
        guard let form = NumberColumn.Form(rawValue: tag) else { throw DecodeError("column form \(tag) is not known") }
        switch form {
        case .constant: numbers.update(repeating: try zigzag(), count: count)
        case .linear:
            let first = try zigzag()
            let difference = try zigzag()
            for index in 0..<count { numbers[index] = first &+ Int64(truncatingIfNeeded: index) &* difference }
        case .varints:
            // A byte each at least: a count from a damaged row cannot ask for unbounded work.
            guard count <= remaining else { throw .truncated }
            var number: Int64 = 0
            for index in 0..<count {
                number &+= try zigzag()
                numbers[index] = number
            }
        case .binned: try binnedColumn(count, into: numbers)
        case .binnedDifferences:
            numbers[0] = try zigzag()
            try binnedColumn(count - 1, into: numbers + 1)
            var number = numbers[0]
            for index in 1..<max(count, 1) {
                number &+= numbers[index]
                numbers[index] = number
            }
        case .binnedChanges:
            guard count > 1 else { throw DecodeError("one number has no differences") }
            numbers[0] = try zigzag()
            var difference = try zigzag()
            numbers[1] = numbers[0] &+ difference
            try binnedColumn(count - 2, into: numbers + 2)
            var number = numbers[1]
            for index in 2..<max(count, 2) {
                difference &+= numbers[index]
                number &+= difference
                numbers[index] = number
            }
        }
    }

    private mutating func binnedColumn(
        _ count: Int, into numbers: UnsafeMutablePointer<Int64>
    ) throws(DecodeError) {
        // The memory is plain bits of eight bytes each, whatever their sign.
        let unsigned = UnsafeMutableRawPointer(numbers).assumingMemoryBound(to: UInt64.self)
        let length = try BinnedColumnDecoder.decode(rest, unsigned, count)
        _ = try bytes(length)
    }
}
