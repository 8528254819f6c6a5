/// Appends samples to a chunk in Gorilla's manner: a timestamp is the change of the distance to the one before it, a
/// value the bits that changed. Scraped samples come at even distances and seldom change, and take two bits each then.
///
/// The stream, bit by bit; the first timestamp is not in it, because chunks carry it beside their bytes:
///
///     first sample   value: 64 bits
///     other samples  timestamp  0                          the distance is the same as before
///                               10   +  8 bits             it changed by −128...127 ms
///                               110  + 14 bits             by −8,192...8,191 ms
///                               1110 + 24 bits             by −8,388,608...8,388,607 ms, 2.3 hours
///                               1111 + 64 bits             by anything; all arithmetic wraps
///                    value      0                          the same bits as before
///                               10   + n bits              the changed bits lie where those of the last change lay
///                               11   + 5 bits + 6 bits + n bits
///                                                          number of zero bits before them (at most 31), n − 1, they
///
/// The distance before the second sample counts as zero.
///
/// - Source: Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015, section 4.1; the
///   widths fit timestamps in milliseconds.
struct XORAppender {
    /// The newest sample, from which the next one is told apart.
    private(set) var time: Int64 = 0
    private(set) var valueBits: UInt64 = 0
    private var distance: Int64 = 0
    /// Length of the stream in bits.
    private(set) var bitCount: UInt32 = 0
    /// Where the changed bits of the last change lay; `significant` is zero before the first one.
    private var leading: UInt8 = 0
    private var significant: UInt8 = 0

    /// The most bits that one sample takes: 4 + 64 for the timestamp, 2 + 5 + 6 + 64 for the value.
    static let sampleBitsMax = 145

    /// Starts a chunk at `base`. The room needed is 64 bits and the padding.
    @inline(__always)
    mutating func start(_ time: Int64, _ bits: UInt64, at base: UnsafeMutableRawPointer) {
        self = XORAppender()
        self.time = time
        valueBits = bits
        var position = 0
        writeWord(bits, at: &position, of: base)
        bitCount = UInt32(position)
    }

    /// Appends a sample to the chunk at `base`. The room needed is ``sampleBitsMax`` bits and the padding.
    @inline(__always)
    mutating func append(_ time: Int64, _ bits: UInt64, at base: UnsafeMutableRawPointer) {
        var position = Int(bitCount)
        appendTime(time, &position, base)
        appendValue(bits, &position, base)
        bitCount = UInt32(position)
    }

    @inline(__always)
    private mutating func appendTime(_ time: Int64, _ position: inout Int, _ base: UnsafeMutableRawPointer) {
        let newDistance = time &- self.time
        let change = newDistance &- distance
        self.time = time
        distance = newDistance
        let bits = UInt64(bitPattern: change)
        switch change {
        case 0: writeBits(0, 1, at: &position, of: base)
        case -128...127: writeBits(0b10 << 8 | bits & 0xff, 10, at: &position, of: base)
        case -8_192...8_191: writeBits(0b110 << 14 | bits & 0x3fff, 17, at: &position, of: base)
        case -8_388_608...8_388_607: writeBits(0b1110 << 24 | bits & 0xff_ffff, 28, at: &position, of: base)
        default:
            writeBits(0b1111, 4, at: &position, of: base)
            writeWord(bits, at: &position, of: base)
        }
    }

    @inline(__always)
    private mutating func appendValue(_ bits: UInt64, _ position: inout Int, _ base: UnsafeMutableRawPointer) {
        let changed = bits ^ valueBits
        valueBits = bits
        if changed == 0 { return writeBits(0, 1, at: &position, of: base) }
        let newLeading = min(UInt8(truncatingIfNeeded: changed.leadingZeroBitCount), 31)
        let trailing = UInt8(truncatingIfNeeded: changed.trailingZeroBitCount)
        let oldTrailing = 64 - leading - significant
        if significant != 0, newLeading >= leading, trailing >= oldTrailing {
            writeBits(0b10, 2, at: &position, of: base)
        } else {
            leading = newLeading
            significant = 64 - newLeading - trailing
            let header = 0b11 << 11 | UInt64(leading) << 6 | UInt64(significant - 1)
            writeBits(header, 13, at: &position, of: base)
        }
        let window = changed >> UInt64(64 - leading - significant)
        if significant <= 56 {
            writeBits(window, Int(significant), at: &position, of: base)
        } else {
            writeBits(window >> 32, Int(significant) - 32, at: &position, of: base)
            writeBits(window & 0xffff_ffff, 32, at: &position, of: base)
        }
    }
}
