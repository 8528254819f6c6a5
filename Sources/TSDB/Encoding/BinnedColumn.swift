/// Whole numbers as a column whose cost is near their entropy. Each number lies in one of a few bins; the bin is coded
/// by ``SymbolCoder``, the number's place in the bin as raw bits. A column may have several sets of bins, and is cut into
/// segments that each use one of them, around a base of their own: so a busy and an idle stretch do not blur each
/// other.
///
///     bits         3      log − 5: the coder's tables have 2^log states
///                  number factor, by which all distances are multiplied
///                  3      number of tables − 1
///                  per table
///                    6      number of bins − 1
///                    1      whether the last one means the number before it
///                    per other bin
///                      the first  number: lower bound, zigzag; 7 bits: width, 0...64
///                      others     1: it starts 2^width behind the start of the one before; 0, number: so far behind
///                                 1: as wide as the one before; 0, 7 bits: width
///                    per bin but the last: its weight, in as many bits as what is left of 2^log needs
///                  1      whether there are several segments; if not, one goes over all, on table 0, around 0
///                  10     number of segments − 1, where there are several
///                  per segment
///                    number length, but for the last one
///                    3      table
///                    number base, zigzag
///                  filling up to a whole byte
///     varint       bytes of symbols, where a table has more than one bin
///     …            symbols: four states of log bits, then the bits read for each symbol, four lanes in turn
///     …            places in the bins, width bits each, up to a whole byte
///
/// A `number` is seven bits for its length, and the bits behind its first one. A column's number is
/// base + factor · (lower bound + place), or the one before it; arithmetic wraps.
enum BinnedColumn {
    static let binsMax = 64
    static let tablesMax = 8
    static let segmentsMax = 1024

    /// Numbers from `lower` on, `width` bits of them.
    struct Bin {
        var lower: UInt64
        var width: UInt8
    }

    struct Table {
        var bins: [Bin] = []
        /// Whether one more bin means the number before.
        var repeats = false
        /// Per bin, that of `repeats` last.
        var weights: [UInt16] = []

        var symbolCount: Int { bins.count + (repeats ? 1 : 0) }
        /// With one bin only there is nothing to tell.
        var isCoded: Bool { symbolCount > 1 }
    }

    struct Segment {
        var count: Int
        var table: Int
        var base: UInt64
    }

    struct Header {
        var log = SymbolCoder.logMin
        var factor: UInt64 = 1
        var tables: [Table] = []
        var segments: [Segment] = []

        var isCoded: Bool { tables.contains { $0.isCoded } }
    }
}
