import Model

/// Turns batches into journal records. Used by the writer thread alone.
struct JournalEncoder {
    /// By hash of their series. Of two lists with one hash the later one takes the place.
    private var chains: [UInt64: JournalChain] = [:]
    private var rememberedRuns = 0
    private var isFresh = true
    private var bytes: [UInt8] = []
    private var refs: [UInt32] = []
    private var lengths: [Int] = []

    /// Makes the next record of every chain a full one: because the records that it would build on may be deleted
    /// separately from it, or were never committed.
    mutating func restart() {
        chains.removeAll()
        rememberedRuns = 0
        isFresh = true
    }

    /// The record of a batch of 1...``JournalLimits/samplesMax`` samples.
    ///
    /// - Parameter row: the number of its row, greater than that of every record before.
    mutating func encode(_ batch: SampleBatch, row: Int64) -> [UInt8] {
        findRuns(batch)
        if rememberedRuns + refs.count > JournalLimits.rememberedRunsMax { restart() }
        let key = refs.withUnsafeBytes { $0.withMemoryRebound(to: UInt8.self) { hash64($0) } }
        // Taken out while it changes, so that its arrays are not copied.
        var known = chains.removeValue(forKey: key)
        if let chain = known, chain.refs != refs || chain.position >= JournalLimits.chainLengthMax {
            rememberedRuns -= chain.refs.count
            known = nil
        }
        if known == nil { rememberedRuns += refs.count }
        var chain = known ?? JournalChain(baseRow: row, refs: refs)
        encode(batch, row: row, isFull: known == nil, chain: &chain)
        chains[key] = chain
        isFresh = false
        return bytes
    }

    private mutating func findRuns(_ batch: SampleBatch) {
        refs.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        for ref in batch.refs {
            if let last = lengths.indices.last, refs[last] == ref.id {
                lengths[last] += 1
            } else {
                refs.append(ref.id)
                lengths.append(1)
            }
        }
    }

    private mutating func encode(_ batch: SampleBatch, row: Int64, isFull: Bool, chain: inout JournalChain) {
        let first = batch.timestamp(0)
        let isShared = batch.timestamps.count == 1 || batch.timestamps.allSatisfy { $0 == first }
        let isSingles = lengths.count == batch.refs.count
        let changes = ChangeMap(batch.values, lengths, chain.bits)
        bytes.removeAll(keepingCapacity: true)
        bytes.appendFixed32(0)
        bytes.append(
            (isFull ? JournalFlags.full : 0) | (isFresh ? JournalFlags.fresh : 0)
                | (isShared ? JournalFlags.sharedTime : 0)
                | (isSingles ? JournalFlags.singles : 0) | (changes.prefersBitmap ? JournalFlags.bitmap : 0))
        if isFull {
            appendRefs()
        } else {
            chain.position += 1
            bytes.appendVarint(UInt64(bitPattern: row &- chain.baseRow))
            bytes.appendVarint(chain.position)
        }
        if !isSingles { appendLengths() }
        if isShared {
            bytes.appendZigzag(first &- chain.time)
        } else {
            appendTimes(batch.timestamps, after: chain.time)
        }
        chain.time = first
        changes.append(to: &bytes)
        appendValues(batch.values, changes, &chain)
        let sum = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[4...]), row: row) }
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index)) }
    }

    private mutating func appendRefs() {
        bytes.appendVarint(UInt64(refs.count))
        var last: Int64 = 0
        for ref in refs {
            bytes.appendZigzag(Int64(ref) - last)
            last = Int64(ref)
        }
    }

    private mutating func appendLengths() {
        var index = 0
        while index < lengths.count {
            var end = index + 1
            while end < lengths.count, lengths[end] == lengths[index] { end += 1 }
            bytes.appendVarint(UInt64(lengths[index]))
            bytes.appendVarint(UInt64(end - index))
            index = end
        }
    }

    private mutating func appendTimes(_ times: [Int64], after previous: Int64) {
        var previous = previous
        var lastStart: Int?
        var start = 0
        var same: UInt64 = 0
        for (index, length) in lengths.enumerated() {
            let run = times[start..<start + length]
            if let lastStart, lengths[index - 1] == length, times[lastStart..<lastStart + length].elementsEqual(run) {
                same += 1
            } else {
                bytes.appendVarint(same)
                same = 0
                appendRunTimes(run, after: previous)
                previous = times[start]
            }
            lastStart = start
            start += length
        }
        if same > 0 { bytes.appendVarint(same) }
    }

    private mutating func appendRunTimes(_ times: ArraySlice<Int64>, after previous: Int64) {
        bytes.appendZigzag(times[times.startIndex] &- previous)
        var distance: Int64 = 0
        var zeros: UInt64 = 0
        for index in times.indices.dropFirst() {
            let newDistance = times[index] &- times[index - 1]
            let change = newDistance &- distance
            distance = newDistance
            if change == 0 {
                zeros += 1
            } else {
                bytes.appendVarint(zeros)
                bytes.appendZigzag(change)
                zeros = 0
            }
        }
        if zeros > 0 { bytes.appendVarint(zeros) }
    }

    private mutating func appendValues(_ values: [Double], _ changes: ChangeMap, _ chain: inout JournalChain) {
        var index = 0
        for run in lengths.indices {
            var bits = chain.bits[run]
            var places = chain.places[run]
            for _ in 0..<lengths[run] {
                if changes[index] {
                    let newBits = values[index].bitPattern
                    bytes.appendJournalValue(newBits, after: bits, places: &places)
                    bits = newBits
                }
                index += 1
            }
            chain.bits[run] = bits
            chain.places[run] = places
        }
    }
}

extension [UInt8] {
    /// Appends a changed value, in the form that ``JournalRecord`` lays down.
    fileprivate mutating func appendJournalValue(_ bits: UInt64, after previous: UInt64, places: inout UInt8) {
        if let integer = Decimal.integer(bits, places) {
            let base = Decimal.integer(previous, places) ?? 0
            appendVarint(zigzag(integer - base) << 1)
        } else if let (shortest, integer) = Decimal.shortest(bits) {
            append(1)
            append(shortest)
            appendZigzag(integer)
            places = shortest
        } else if bits == StaleMarker.bitPattern {
            append(1)
            append(JournalValueCode.stale)
        } else {
            append(1)
            append(JournalValueCode.bits)
            appendFixed64(bits)
        }
    }
}
