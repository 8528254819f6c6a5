/// Finds the bins of a column and writes it; the layout is drawn at ``BinnedColumn``. Its memory is kept from column to
/// column.
final class BinnedColumnEncoder {
    private let scaled = Scratch<UInt64>()
    private let sortable = Scratch<UInt64>()
    private let sorter = RadixSorter()
    private let symbols = Scratch<UInt8>()
    private let written = Scratch<UInt32>()
    private let stream = Scratch<UInt8>()
    private let lowers = Scratch<UInt64>()
    private let widths = Scratch<UInt8>()

    /// How a column is to be written.
    struct Plan {
        var header = BinnedColumn.Header()
        /// Its length, nearly; infinite where its differences are so much likelier the better column that none was made.
        var bits = Double.infinity
        /// ``Stretches/differenceBits``
        var differenceBits = 0.0
    }

    /// How many bits a number may cost that nothing but stretches of equal numbers are made, because they decode in no time.
    private static let constantBits = 0.15
    /// Where stretches are expected to take so much less than one, one is not planned.
    private static let stretchesShare = 0.08

    /// A plan for `count` numbers, at least one.
    ///
    /// - Parameter isLast: whether a plan is wanted even if the differences are likelier the better column.
    func plan(_ numbers: UnsafePointer<UInt64>, _ count: Int, isLast: Bool) -> Plan {
        let range = Range(numbers, count)
        let likeness = Likeness(numbers, count)
        let stretches = Stretches(numbers, count, low: range.low, span: range.span)
        let isCut = stretches.stretches.count > 1
        var best = Plan()
        best.differenceBits = stretches.differenceBits
        if !isLast, !likeness.isSticky, stretches.differenceBits < -0.25, likeness.differenceBits < -0.75 {
            return best
        }
        func take(_ plan: Plan, margin: Double = 0) {
            guard plan.bits < best.bits + margin * Double(count) else { return }
            (best.header, best.bits) = (plan.header, plan.bits)
        }
        // Where one number is far more frequent than all others, what stretches save is not known before.
        let isClear =
            isCut && !likeness.areMostlyRepeats && stretches.savedBits > Self.stretchesShare * stretches.wholeBits
        if likeness.isSticky {
            take(makePlan(numbers, count, range, repeats: likeness.repeats))
        } else {
            if !isClear { take(makePlan(numbers, count, range, repeats: 0)) }
            if likeness.mayRepeat { take(makePlan(numbers, count, range, repeats: likeness.repeats)) }
        }
        if isCut, stretches.isConstant || !likeness.isSticky {
            take(makePlan(numbers, count, range, stretches), margin: stretches.isConstant ? Self.constantBits : 0)
        }
        return best
    }

    /// How numbers depend on the ones before them, which some of them tell.
    private struct Likeness {
        /// How many numbers are the one before them.
        var repeats = 0
        /// By how many bits the distance from the number before is longer than that from one far away.
        var differenceBits = 0.0

        let areMostlyRepeats: Bool
        /// Whether hardly any other number is to be coded if not the repeated ones are.
        let isSticky: Bool
        /// Whether repeats are worth a symbol of their own, or at least a try.
        let mayRepeat: Bool

        private static let samples = 128

        init(_ numbers: UnsafePointer<UInt64>, _ count: Int) {
            for index in 1..<max(count, 1) { repeats &+= numbers[index] == numbers[index - 1] ? 1 : 0 }
            let far = (count + 1) / 2
            let step = max((count - far) / Self.samples, 1)
            var chances = 0
            var bits = 0
            var pairs = 0
            for index in stride(from: far, to: count, by: step) where index > 0 {
                let near = Int64(bitPattern: numbers[index] &- numbers[index - 1]).magnitude
                let distance = Int64(bitPattern: numbers[index] &- numbers[index - far]).magnitude
                chances &+= distance == 0 ? 1 : 0
                bits &+= distance.leadingZeroBitCount &- near.leadingZeroBitCount
                pairs &+= 1
            }
            differenceBits = Double(bits) / Double(max(pairs, 1))
            let share = Double(repeats) / Double(count)
            let chance = Double(chances) / Double(max(pairs, 1))
            // By how much more often than by chance they are.
            let excess = (share - chance) / max(1 - chance, 0.001)
            areMostlyRepeats = share > 0.85
            let isCheap = areMostlyRepeats && count >= 1024
            mayRepeat = repeats > count / 16 && repeats < count - 1 && (excess > 0.1 || isCheap)
            isSticky = mayRepeat && areMostlyRepeats && excess > 0.7
        }
    }

    /// The least number of a column, by sign, how far the greatest lies above it, and what all differences have in common.
    private struct Range {
        var low: UInt64
        var span: UInt64
        var factor = ExactDivisor(1)

        init(_ numbers: UnsafePointer<UInt64>, _ count: Int) {
            var low = Int64.max
            var high = Int64.min
            for index in 0..<count {
                let number = Int64(bitPattern: numbers[index])
                low = min(low, number)
                high = max(high, number)
            }
            self.low = UInt64(bitPattern: low)
            span = UInt64(bitPattern: high &- low)
            guard span > 0 else { return }
            factor = ExactDivisor(span)
            for index in 0..<count where !factor.divides(numbers[index] &- self.low) {
                factor = ExactDivisor(greatestCommonDivisor(factor.divisor, numbers[index] &- self.low))
                if factor.divisor == 1 { break }
            }
        }
    }

    private func makePlan(_ numbers: UnsafePointer<UInt64>, _ count: Int, _ range: Range, repeats: Int) -> Plan {
        let sortable = sortable.room(count)
        var kept = 0
        if repeats == 0 {
            for index in 0..<count { sortable[index] = numbers[index] &- range.low }
            kept = count
        } else {
            for index in 0..<count where index == 0 || numbers[index] != numbers[index - 1] {
                sortable[kept] = numbers[index] &- range.low
                kept += 1
            }
        }
        let factor = range.factor
        if factor.divisor > 1 { for index in 0..<kept { sortable[index] = factor.quotient(sortable[index]) } }
        let sorted = sorter.sort(sortable, kept, high: factor.quotient(range.span))
        let bins = BinPlan(sorted, kept, others: repeats, isNarrow: range.span < 1 << 62)
        var plan = Plan()
        plan.bits = bins.bits + 96
        plan.header.factor = range.factor.divisor
        plan.header.log = tableLog(count, symbols: bins.counts.count + 1)
        // Where nothing is to be multiplied, the bins themselves can tell where the numbers lie.
        let base = factor.divisor == 1 ? 0 : range.low
        var table = BinnedColumn.Table()
        table.bins = bins.bins.map { BinnedColumn.Bin(lower: $0.lower &+ range.low &- base, width: $0.width) }
        table.repeats = repeats > 0
        table.weights = SymbolCoder.weights(bins.counts + (repeats > 0 ? [repeats] : []), log: plan.header.log)
        plan.header.tables = [table]
        plan.header.segments = [BinnedColumn.Segment(count: count, table: 0, base: base)]
        return plan
    }

    /// A plan with segments.
    private func makePlan(
        _ numbers: UnsafePointer<UInt64>, _ count: Int, _ range: Range, _ stretches: Stretches
    ) -> Plan {
        var plan = Plan()
        plan.bits = 128
        plan.header.factor = range.factor.divisor
        for stretch in stretches.stretches {
            let steps = UInt64(min(max((stretch.mean / Double(range.factor.divisor)).rounded(), 0), 0x1p62))
            let base = stretch.isConstant ? numbers[stretch.start] : range.low &+ steps &* range.factor.divisor
            plan.header.segments.append(
                BinnedColumn.Segment(count: stretch.count, table: stretch.table, base: base))
            plan.bits +=
                17
                + Double(128 - stretch.count.leadingZeroBitCount - zigzag(Int64(bitPattern: base)).leadingZeroBitCount)
        }
        var counts: [[Int]] = []
        for index in 0..<stretches.tableCount {
            let (table, own, bits) = makeTable(numbers, count, plan.header, range.factor, index)
            plan.header.tables.append(table)
            counts.append(own)
            plan.bits += bits
        }
        plan.header.log = tableLog(count, symbols: (counts.map { $0.count }.max() ?? 1) + 1)
        for index in counts.indices {
            plan.header.tables[index].weights = SymbolCoder.weights(counts[index], log: plan.header.log)
        }
        return plan
    }

    private func makeTable(
        _ numbers: UnsafePointer<UInt64>, _ count: Int, _ header: BinnedColumn.Header, _ factor: ExactDivisor,
        _ index: Int
    ) -> (BinnedColumn.Table, [Int], Double) {
        let distances = scaled.room(count)
        var kept = 0
        var start = 0
        var low = Int64.max
        var high = Int64.min
        for segment in header.segments {
            if segment.table == index {
                for at in start..<start + segment.count {
                    let distance = factor.quotient(signed: numbers[at] &- segment.base)
                    low = min(low, distance)
                    high = max(high, distance)
                    distances[kept] = UInt64(bitPattern: distance)
                    kept += 1
                }
            }
            start += segment.count
        }
        let origin = UInt64(bitPattern: low)
        for at in 0..<kept { distances[at] &-= origin }
        let sorted = sorter.sort(distances, kept, high: UInt64(bitPattern: high &- low))
        // Stretches are looked for in narrow columns alone.
        let plan = BinPlan(sorted, kept, others: 0, isNarrow: true)
        let bins = plan.bins.map { BinnedColumn.Bin(lower: $0.lower &+ origin, width: $0.width) }
        return (BinnedColumn.Table(bins: bins), plan.counts, plan.bits)
    }

    /// Larger tables follow the frequencies more closely, and take longer to make.
    private func tableLog(_ count: Int, symbols: Int) -> Int {
        let least = Int.bitWidth - (2 * symbols - 1).leadingZeroBitCount
        let wanted = Int.bitWidth - (count / 16).leadingZeroBitCount
        return min(max(wanted, least, SymbolCoder.logMin), SymbolCoder.logMax)
    }

    /// Appends a column to `bytes`.
    func write(_ plan: Plan, _ numbers: UnsafePointer<UInt64>, _ count: Int, to bytes: inout [UInt8]) {
        var header = HeaderBitWriter()
        plan.header.write(&header)
        bytes.append(contentsOf: header.bytes)
        let symbols = symbols.room(count)
        // A place has at most 64 bits, a symbol `logMax`.
        let stream = UnsafeMutableRawPointer(stream.room(count * 10 + 64))
        var places = BitAppender(stream)
        var start = 0
        let factor = ExactDivisor(plan.header.factor)
        for segment in plan.header.segments {
            let table = plan.header.tables[segment.table]
            let searcher = BinSearcher(
                table, base: segment.base, factor: factor, lowers: lowers.room(BinnedColumn.binsMax),
                widths: widths.room(BinnedColumn.binsMax))
            let (repeats, repeated) = (table.repeats, UInt8(table.bins.count))
            for index in start..<start + segment.count {
                if repeats, index > 0, numbers[index] == numbers[index - 1] {
                    symbols[index] = repeated
                    continue
                }
                let (symbol, place, width) = searcher.find(numbers[index])
                symbols[index] = UInt8(truncatingIfNeeded: symbol)
                if width > 56 { places.append(place >> 56, width - 56) }
                places.append(place & 0xff_ffff_ffff_ffff, min(width, 56))
            }
            start += segment.count
        }
        let placeBytes = places.byteCount
        if plan.header.isCoded { writeSymbols(plan.header, symbols, count, placeBytes, to: &bytes) }
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: stream, count: placeBytes))
    }

    /// Appends the symbols' length and the symbols. The stream's room behind its first `taken` bytes is used.
    private func writeSymbols(
        _ header: BinnedColumn.Header, _ symbols: UnsafePointer<UInt8>, _ count: Int, _ taken: Int,
        to bytes: inout [UInt8]
    ) {
        let written = written.room(count)
        let encoders = header.tables.map { $0.isCoded ? SymbolEncoder($0.weights, log: header.log) : nil }
        var coded = 0
        for segment in header.segments where encoders[segment.table] != nil { coded += segment.count }
        var states = InlineArray<4, UInt32>(repeating: 0)
        var end = count
        var place = coded
        for segment in header.segments.reversed() {
            defer { end -= segment.count }
            guard let encoder = encoders[segment.table] else { continue }
            place -= segment.count
            encoder.encode(symbols + end - segment.count, segment.count, &states, into: written + place, place)
        }
        var stream = BitAppender(UnsafeMutableRawPointer(self.stream.room(0)) + taken)
        for lane in 0..<SymbolCoder.lanes {
            let state = max(states[lane], 1 << UInt32(header.log))
            stream.append(UInt64(state) - 1 << UInt64(header.log), header.log)
        }
        for index in 0..<coded { stream.append(UInt64(written[index] & 0xffff), Int(written[index] >> 16)) }
        bytes.appendVarint(UInt64(stream.byteCount))
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: stream.base, count: stream.byteCount))
    }
}

/// Finds the bin of a number.
private struct BinSearcher {
    // SAFETY: both have room for all symbols, and outlive this: they belong to the encoder.
    private let lowers: UnsafeMutablePointer<UInt64>
    private let widths: UnsafeMutablePointer<UInt8>
    private let binCount: Int
    private let origin: UInt64
    private let factor: ExactDivisor

    init(
        _ table: BinnedColumn.Table, base: UInt64, factor: ExactDivisor, lowers: UnsafeMutablePointer<UInt64>,
        widths: UnsafeMutablePointer<UInt8>
    ) {
        (self.lowers, self.widths, self.factor) = (lowers, widths, factor)
        // Bins ascend from the first one on, whatever the sign.
        let first = table.bins.first?.lower ?? 0
        binCount = table.bins.count
        for (index, bin) in table.bins.enumerated() {
            lowers[index] = bin.lower &- first
            widths[index] = bin.width
        }
        origin = base &+ first &* factor.divisor
    }

    @inline(__always)
    func find(_ number: UInt64) -> (symbol: Int, place: UInt64, width: Int) {
        let distance = factor.quotient(number &- origin)
        var low = 0
        var count = binCount
        while count > 1 {
            let half = count / 2
            low += lowers[low + half] <= distance ? half : 0
            count -= half
        }
        return (low, distance - lowers[low], Int(widths[low]))
    }
}
