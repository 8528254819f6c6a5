import Model

/// What a record holds.
enum ReplayedRecord {
    case floats(SampleBatch)
    case side([SideEntry])
}

/// Turns journal records, read in the order of their rows, back into batches.
struct JournalDecoder {
    /// By the row of their full record.
    private var chains: [Int64: JournalChain] = [:]
    private var rememberedRuns = 0
    /// The greatest number of a series in any record so far.
    private(set) var highestSeries: UInt32 = 0

    /// The batch of a record.
    ///
    /// A record whose chain lacks a record before it is refused, because what it is compared with is not known.
    mutating func decode(_ bytes: UnsafeRawBufferPointer, row: Int64) throws(DecodeError) -> ReplayedRecord {
        var reader = ByteReader(bytes)
        let sum = try reader.fixed32()
        guard checksum(UnsafeRawBufferPointer(rebasing: bytes[4...]), row: row) == sum else {
            throw DecodeError("the checksum does not match")
        }
        let flags = JournalFlags(byte: try reader.byte())
        if flags.byte == JournalFlags.side {
            let entries = try SideRecord.decode(&reader)
            for entry in entries { highestSeries = max(highestSeries, entry.series) }
            return .side(entries)
        }
        guard flags.byte & ~JournalFlags.all == 0 else { throw DecodeError("flags \(flags.byte) are not known") }
        if flags.isFresh { forgetAll() }
        var chain = try flags.isFull ? readFull(&reader, row) : takeChain(&reader, row)
        let batch = try JournalDecoder.readBatch(&reader, flags, &chain)
        remember(chain)
        return .floats(batch)
    }

    private mutating func readFull(_ reader: inout ByteReader, _ row: Int64) throws(DecodeError) -> JournalChain {
        let count = try reader.count(max: min(JournalLimits.samplesMax, reader.remaining))
        var refs: [UInt32] = []
        refs.reserveCapacity(count)
        var last: Int64 = 0
        for _ in 0..<count {
            last &+= try reader.zigzag()
            guard let ref = UInt32(exactly: last) else { throw DecodeError("\(last) is no series number") }
            refs.append(ref)
            highestSeries = max(highestSeries, ref)
        }
        return JournalChain(baseRow: row, refs: refs)
    }

    /// The chain that a record goes on with; it is forgotten until the record has been read, so that after a damaged
    /// one it is not gone on with.
    private mutating func takeChain(_ reader: inout ByteReader, _ row: Int64) throws(DecodeError) -> JournalChain {
        let base = row &- Int64(bitPattern: try reader.varint())
        let position = try reader.varint()
        guard var chain = chains[base], chain.position &+ 1 == position else {
            throw DecodeError("the record that it builds on is missing or damaged")
        }
        chains[base] = nil
        rememberedRuns -= chain.refs.count
        chain.position = position
        return chain
    }

    private mutating func remember(_ chain: JournalChain) {
        // The writer keeps no more than this; more can only be left from chains whose end was damaged.
        if rememberedRuns > 2 * JournalLimits.rememberedRunsMax { forgetAll() }
        if chain.position < JournalLimits.chainLengthMax {
            rememberedRuns += chain.refs.count
            chains[chain.baseRow] = chain
        }
    }

    private mutating func forgetAll() {
        chains.removeAll()
        rememberedRuns = 0
    }

    private static func readBatch(
        _ reader: inout ByteReader, _ flags: JournalFlags, _ chain: inout JournalChain
    ) throws(DecodeError) -> SampleBatch {
        let lengths = flags.hasSingles ? nil : try readLengths(&reader, runs: chain.refs.count)
        let count = lengths?.reduce(0, +) ?? chain.refs.count
        guard count > 0, count <= JournalLimits.samplesMax else { throw DecodeError("it has \(count) samples") }
        let times: [Int64]
        if flags.hasSharedTime {
            times = [chain.time &+ (try reader.zigzag())]
        } else {
            times = try readTimes(&reader, lengths ?? Array(repeating: 1, count: count), after: chain.time)
        }
        chain.time = times[0]
        let changes = try ChangeMap(reading: &reader, asBitmap: flags.hasBitmap, count: count)
        var refs: [SeriesRef] = []
        var values: [Double] = []
        refs.reserveCapacity(count)
        values.reserveCapacity(count)
        for run in chain.refs.indices {
            let ref = SeriesRef(id: chain.refs[run])
            for _ in 0..<(lengths?[run] ?? 1) {
                if changes[values.count] {
                    chain.bits[run] = try readValue(&reader, after: chain.bits[run], places: &chain.places[run])
                }
                refs.append(ref)
                values.append(Double(bitPattern: chain.bits[run]))
            }
        }
        guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        return SampleBatch(refs: refs, timestamps: times, values: values)
    }

    private static func readLengths(_ reader: inout ByteReader, runs: Int) throws(DecodeError) -> [Int] {
        var lengths: [Int] = []
        var total = 0
        while lengths.count < runs {
            let length = try reader.count(max: JournalLimits.samplesMax)
            let times = try reader.count(max: runs - lengths.count)
            total += length * times
            guard length > 0, times > 0, total <= JournalLimits.samplesMax else {
                throw DecodeError("its run lengths make no sense")
            }
            lengths.append(contentsOf: repeatElement(length, count: times))
        }
        return lengths
    }

    private static func readTimes(
        _ reader: inout ByteReader, _ lengths: [Int], after previous: Int64
    ) throws(DecodeError) -> [Int64] {
        var times: [Int64] = []
        var previous = previous
        var run = 0
        while run < lengths.count {
            for _ in 0..<(try reader.count(max: lengths.count - run)) {
                guard run > 0, lengths[run] == lengths[run - 1] else { throw DecodeError("a run repeats no other") }
                // One by one: a slice of the array would have it copied whole when it is appended to.
                let from = times.count - lengths[run]
                for index in from..<from + lengths[run] { times.append(times[index]) }
                run += 1
            }
            guard run < lengths.count else { break }
            previous &+= try reader.zigzag()
            try readRunTimes(&reader, previous, lengths[run], &times)
            run += 1
        }
        return times
    }

    private static func readRunTimes(
        _ reader: inout ByteReader, _ first: Int64, _ length: Int, _ times: inout [Int64]
    ) throws(DecodeError) {
        var time = first
        var distance: Int64 = 0
        times.append(time)
        var left = length - 1
        while left > 0 {
            let zeros = try reader.count(max: left)
            for _ in 0..<zeros {
                time &+= distance
                times.append(time)
            }
            left -= zeros
            guard left > 0 else { break }
            distance &+= try reader.zigzag()
            time &+= distance
            times.append(time)
            left -= 1
        }
    }

    private static func readValue(
        _ reader: inout ByteReader, after previous: UInt64, places: inout UInt8
    ) throws(DecodeError) -> UInt64 {
        let code = try reader.varint()
        if code & 1 == 0 {
            let base = Decimal.integer(previous, places) ?? 0
            return Decimal.bits(base &+ unzigzag(code >> 1), places)
        }
        guard code == 1 else { throw DecodeError("value code \(code) is not known") }
        switch try reader.byte() {
        case let newPlaces where newPlaces <= UInt8(Decimal.placesMax):
            places = newPlaces
            return Decimal.bits(try reader.zigzag(), newPlaces)
        case JournalValueCode.stale: return StaleMarker.bitPattern
        case JournalValueCode.bits: return try reader.fixed64()
        case let unknown: throw DecodeError("value code 1, \(unknown) is not known")
        }
    }
}
