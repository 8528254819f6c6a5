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
