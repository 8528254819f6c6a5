import Model

/// A journal record of what does not go on where its series ends: late samples, native histograms, start times.
///
///     4 bytes   checksum of what follows, seeded with the row's number
///     1 byte    32
///     varint    number of entries
///     per entry
///       1 byte    0 float, 1 histogram, 2 start time; 8 more where it is late
///       zigzag    its series, less that of the entry before
///       zigzag    its time, less that of the entry before
///       float     8 bytes: bits, least significant first
///       histogram varint: length; then it, as `docs/format/histogram.md` draws a first one
///       start     zigzag: start time, less the entry's time
enum SideRecord {
    private static let late: UInt8 = 8

    static func encode(_ entries: ArraySlice<SideEntry>, row: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendFixed32(0)
        bytes.append(JournalFlags.side)
        bytes.appendVarint(UInt64(entries.count))
        var series: Int64 = 0
        var time: Int64 = 0
        for entry in entries {
            bytes.append(kind(of: entry.sample) | (entry.isLate ? late : 0))
            bytes.appendZigzag(Int64(entry.series) - series)
            bytes.appendZigzag(entry.time &- time)
            (series, time) = (Int64(entry.series), entry.time)
            switch entry.sample {
            case .float(let bits): bytes.appendFixed64(bits)
            case .startTime(let start): bytes.appendZigzag(start &- time)
            case .histogram(let histogram):
                let stream = HistogramAppender.encode(CollectionOfOne(histogram))
                bytes.appendVarint(UInt64(stream.count))
                bytes += stream
            }
        }
        let sum = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[4...]), row: row) }
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index)) }
        return bytes
    }

    private static func kind(of sample: SideSample) -> UInt8 {
        switch sample {
        case .float: 0
        case .histogram: 1
        case .startTime: 2
        }
    }

    /// The entries, from a reader behind the flags.
    static func decode(_ reader: inout ByteReader) throws(DecodeError) -> [SideEntry] {
        var entries: [SideEntry] = []
        var series: Int64 = 0
        var time: Int64 = 0
        for _ in 0..<(try reader.count(max: min(JournalLimits.samplesMax, reader.remaining))) {
            let kind = try reader.byte()
            series &+= try reader.zigzag()
            time &+= try reader.zigzag()
            guard let id = UInt32(exactly: series) else { throw DecodeError("\(series) is no series number") }
            let sample = try sample(kind & ~late, time, &reader)
            entries.append(SideEntry(series: id, time: time, sample: sample, isLate: kind & late != 0))
        }
        guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        return entries
    }

    private static func sample(
        _ kind: UInt8, _ time: Int64, _ reader: inout ByteReader
    ) throws(DecodeError) -> SideSample {
        switch kind {
        case 0: return .float(try reader.fixed64())
        case 1:
            let bytes = try reader.bytes(try reader.count(max: reader.remaining))
            return .histogram(try HistogramReader.decode(bytes, count: 1)[0])
        case 2: return .startTime(time &+ (try reader.zigzag()))
        default: throw DecodeError("an entry of kind \(kind) is not known")
        }
    }
}
