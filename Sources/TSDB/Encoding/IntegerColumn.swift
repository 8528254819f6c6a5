/// Whole numbers as a column: runs of up to 128, each in whichever of five forms takes least.
///
///     varint, zigzag     first number (left out where the reader knows it)
///     varint, zigzag     second number less the first, where there are two
///     1 byte             0: all others go on by the same difference; 1: blocks of 128 follow, the last one shorter
///     per block          varint   form · 64 + width, width 0...57
///                        varint, zigzag   base
///                        forms 3, 4: a bit per number, whether it differs from the one before it, lowest bit first
///                        width bits per number (forms 3, 4: per number that differs), highest first: x
///
///     form 0: the number is base + x
///          1: it is the one before + base + x
///          2: it is the one before + the difference before + base + x
///          3: as 0, where it differs from the one before; the same otherwise
///          4: as 1, where it differs
///
/// Arithmetic wraps. Bits of a block end at a whole byte.
enum IntegerColumn {
    static let blockCount = 128
    /// The widest x: one word read at any bit holds 57.
    static let widthMax = 57

    enum Form: Int, CaseIterable {
        case plain, difference, change, sparsePlain, sparseDifference

        var isSparse: Bool { self == .sparsePlain || self == .sparseDifference }
    }
}

/// What a block is written from, per form: the numbers that base is taken from, as far as they are written.
private struct BlockForm {
    let form: IntegerColumn.Form
    var base: Int64 = 0
    var width = 0
    var bitCount = 0

    /// Nil where the numbers lie too far apart.
    init?(_ form: IntegerColumn.Form, _ numbers: [Int64], of count: Int) {
        self.form = form
        let low = numbers.min() ?? 0
        let span = UInt64(bitPattern: (numbers.max() ?? 0) &- low)
        base = low
        width = 64 - span.leadingZeroBitCount
        if width > IntegerColumn.widthMax { return nil }
        // The base's bytes count too, or a form with a far one would look better than it is.
        bitCount =
            numbers.count * width + (form.isSparse ? count : 0) + 8 * ((70 - zigzag(low).leadingZeroBitCount) / 7)
            + (form.rawValue > 1 ? 8 : 0)
    }
}

extension [UInt8] {
    /// Appends a column. Returns false, with a part of it appended, where it cannot be written in this way.
    mutating func appendColumn(_ numbers: UnsafeBufferPointer<Int64>, withFirst: Bool) -> Bool {
        guard numbers.count > 0 else { return false }
        if withFirst { appendZigzag(numbers[0]) }
        guard numbers.count > 1 else { return true }
        let difference = numbers[1] &- numbers[0]
        appendZigzag(difference)
        let isLinear = (2..<Swift.max(numbers.count, 2)).allSatisfy { numbers[$0] &- numbers[$0 - 1] == difference }
        append(isLinear ? 0 : 1)
        if isLinear { return true }
        for start in stride(from: 2, to: numbers.count, by: IntegerColumn.blockCount) {
            let end = Swift.min(start + IntegerColumn.blockCount, numbers.count)
            if !appendBlock(numbers, start..<end) { return false }
        }
        return true
    }

    private mutating func appendBlock(_ numbers: UnsafeBufferPointer<Int64>, _ range: Range<Int>) -> Bool {
        let differences = range.map { numbers[$0] &- numbers[$0 - 1] }
        let changes = range.map { (numbers[$0] &- numbers[$0 - 1]) &- (numbers[$0 - 1] &- numbers[$0 - 2]) }
        let differing = range.filter { numbers[$0] != numbers[$0 - 1] }
        func written(_ form: IntegerColumn.Form) -> [Int64] {
            switch form {
            case .plain: range.map { numbers[$0] }
            case .difference: differences
            case .change: changes
            case .sparsePlain: differing.map { numbers[$0] }
            case .sparseDifference: differing.map { numbers[$0] &- numbers[$0 - 1] }
            }
        }
        var best: (block: BlockForm, numbers: [Int64])?
        for form in IntegerColumn.Form.allCases {
            let numbers = written(form)
            guard let block = BlockForm(form, numbers, of: range.count) else { continue }
            if best.map({ block.bitCount < $0.block.bitCount }) ?? true { best = (block, numbers) }
        }
        guard let (block, chosen) = best else { return false }
        appendVarint(UInt64(block.form.rawValue << 6 | block.width))
        appendZigzag(block.base)
        if block.form.isSparse { appendBitmap(differences) }
        appendBits(chosen, block)
        return true
    }

    private mutating func appendBitmap(_ differences: [Int64]) {
        for start in stride(from: 0, to: differences.count, by: 8) {
            var byte: UInt8 = 0
            for index in start..<Swift.min(start + 8, differences.count) where differences[index] != 0 {
                byte |= 1 << UInt8(index - start)
            }
            append(byte)
        }
    }

    private mutating func appendBits(_ numbers: [Int64], _ block: BlockForm) {
        guard block.width > 0 else { return }
        let byteCount = (numbers.count * block.width + 7) / 8
        // A word is written at a time: 56 bits and, of the widest, the one that is left.
        withUnsafeTemporaryAllocation(byteCount: byteCount + 2 * bitPaddingBytes, alignment: 8) { bits in
            guard let base = bits.baseAddress else { return }
            var position = 0
            for number in numbers {
                let x = UInt64(bitPattern: number &- block.base)
                if block.width > 56 { writeBits(x >> 56, block.width - 56, at: &position, of: base) }
                writeBits(x & 0xff_ffff_ffff_ffff, Swift.min(block.width, 56), at: &position, of: base)
            }
            append(contentsOf: bits.prefix(byteCount))
        }
    }
}
