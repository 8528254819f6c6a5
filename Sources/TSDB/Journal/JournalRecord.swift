/// One row of the journal: the samples of one batch, as they were accepted.
///
/// Batches of one origin come again and again with the same series. The first such record is *full*; those after it,
/// its *chain*, say only what changed against the record before. Numbers are varints unless a width is given.
///
///     4 bytes   checksum of what follows, seeded with the row's number
///     1 byte    flags, below
///     delta     row's number less that of the chain's full record
///     delta     position in the chain: 1, 2, …
///     full      number of runs; a run is successive samples of one series
///     full      per run the series: its number less that of the run before, zigzag
///     unless singles   pairs (length of a run, number of successive runs of this length), until all runs have one
///     times     shared: the timestamp less the chain's previous one (full: 0), zigzag
///               else repeatedly, until all runs have theirs: how many runs have the length and times of the run before;
///               then a run's own times: the first less that of the last run so written (at first the chain's previous
///               one), zigzag, and the others as changes of the distance (at first 0): repeatedly the number of zero
///               changes and, unless that ends the run, a change, zigzag
///     values    which of them changed: as a bit map, the lowest bit first, or as alternating lengths, unchanged ones
///               first; then the changed ones
///
/// A value is compared with the one before it in its run, the first of a run with the last of this run in the chain's
/// previous record (full: with 0). The changed value is one of
///
///     2 · zigzag(difference)             as whole numbers with the run's number of places (at first 0; the value before
///                                        counts as 0 where it is no such number)
///     1, places 0...9, zigzag(number)    a whole number with other places, which are the run's from here on
///     1, 14                              the staleness marker
///     1, 15, 8 bytes                     any other value: its bits, least significant byte first
struct JournalFlags {
    let byte: UInt8

    static let full: UInt8 = 1
    static let sharedTime: UInt8 = 2
    static let singles: UInt8 = 4
    static let bitmap: UInt8 = 8
    static let fresh: UInt8 = 16
    static let all: UInt8 = 31
    /// A record beside floats in order; no other flag is set then. See ``SideRecord``.
    static let side: UInt8 = 32

    var isFull: Bool { byte & Self.full != 0 }
    var hasSharedTime: Bool { byte & Self.sharedTime != 0 }
    var hasSingles: Bool { byte & Self.singles != 0 }
    /// The writer has forgotten all chains of before this record.
    var isFresh: Bool { byte & Self.fresh != 0 }
    var hasBitmap: Bool { byte & Self.bitmap != 0 }
}

enum JournalLimits {
    /// The most samples of one record; larger batches are split.
    static let samplesMax = 1 << 20
    /// The most entries of one record beside floats in order.
    static let sideEntriesMax = 1 << 14
    /// A full record is written at least this often in a chain, so that a damaged record costs no more than this many.
    static let chainLengthMax: UInt64 = 240
    /// The most runs that chains remember together, 17 bytes each; when there are more, all chains start anew.
    static let rememberedRunsMax = 1 << 20
}

/// What a record of a chain is compared with. Writer and reader keep the same.
struct JournalChain {
    /// The full record's row.
    let baseRow: Int64
    /// Per run its series.
    let refs: [UInt32]
    /// The newest record's position.
    var position: UInt64 = 0
    /// The newest record's first timestamp.
    var time: Int64 = 0
    /// Per run the bits of its last value.
    var bits: [UInt64]
    /// Per run the places of its whole numbers.
    var places: [UInt8]

    init(baseRow: Int64, refs: [UInt32]) {
        self.baseRow = baseRow
        self.refs = refs
        bits = Array(repeating: 0, count: refs.count)
        places = Array(repeating: 0, count: refs.count)
    }
}

/// The codes behind a 1 that do not name places.
enum JournalValueCode {
    static let stale: UInt8 = 14
    static let bits: UInt8 = 15
}
