/// Finds the bins of a column and writes it; the layout is drawn at ``BinnedColumn``. Its memory is kept from column to
/// column.
final class BinnedColumnEncoder {
    private let scaled = Scratch<UInt64>()
    private let sortable = Scratch<UInt64>()
    private let other = Scratch<UInt64>()
    private let symbols = Scratch<UInt8>()
    private let written = Scratch<UInt32>()
    private let stream = Scratch<UInt8>()

    /// How a column is to be written.
    struct Plan {
        var header = BinnedColumn.Header()
        /// Its length, nearly.
        var bits = 0.0
        /// ``Stretches/differenceBits``
        var differenceBits = 0.0
    }

    /// How many bits a number may cost that nothing but stretches of equal numbers are made, because they decode in no time.
    private static let constantBits = 0.15

    /// A plan for `count` numbers, at least one.
    func plan(_ numbers: UnsafePointer<UInt64>, _ count: Int) -> Plan {
        let range = Range(numbers, count)
        var best = makePlan(numbers, count, range, repeats: 0)
        let repeats = (1..<max(count, 1)).reduce(0) { $0 + (numbers[$1] == numbers[$1 - 1] ? 1 : 0) }
        if repeats > count / 16, repeats < count - 1 {
            let plan = makePlan(numbers, count, range, repeats: repeats)
            if plan.bits < best.bits { best = plan }
        }
        let stretches = Stretches(numbers, count, low: range.low, span: range.span)
        if stretches.stretches.count > 1 {
            let plan = makePlan(numbers, count, range, stretches)
            if plan.bits < best.bits + (stretches.isConstant ? Self.constantBits * Double(count) : 0) { best = plan }
        }
        best.differenceBits = stretches.differenceBits
        return best
    }

    /// The least number of a column, by sign, how far the greatest lies above it, and what all differences have in common.
    private struct Range {
        var low: UInt64
        var span: UInt64
        var factor: UInt64 = 0

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
            for index in 0..<count {
                let distance = numbers[index] &- self.low
                if factor == 1 { break }
                if factor == 0 || distance % factor != 0 { factor = divisor(factor, distance) }
            }
            factor = max(factor, 1)
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
        if range.factor > 1 { for index in 0..<kept { sortable[index] /= range.factor } }
        let sorted = radixSort(sortable, other.room(count), kept, high: range.span / range.factor)
        let bins = BinPlan(sorted, kept, others: repeats)
        var plan = Plan()
        plan.bits = bins.bits + 96
        plan.header.factor = range.factor
        plan.header.log = tableLog(count, symbols: bins.counts.count + 1)
        // Where nothing is to be multiplied, the bins themselves can tell where the numbers lie.
        let base = range.factor == 1 ? 0 : range.low
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
        plan.header.factor = range.factor
        for stretch in stretches.stretches {
            let steps = UInt64(min(max((stretch.mean / Double(range.factor)).rounded(), 0), 0x1p62))
            let base = stretch.isConstant ? numbers[stretch.start] : range.low &+ steps &* range.factor
            plan.header.segments.append(
                BinnedColumn.Segment(count: stretch.count, table: stretch.table, base: base))
            plan.bits +=
                17
                + Double(128 - stretch.count.leadingZeroBitCount - zigzag(Int64(bitPattern: base)).leadingZeroBitCount)
        }
        var counts: [[Int]] = []
        for index in 0..<stretches.tableCount {
            let (table, own, bits) = makeTable(numbers, count, plan.header, index)
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
        _ numbers: UnsafePointer<UInt64>, _ count: Int, _ header: BinnedColumn.Header, _ index: Int
    ) -> (BinnedColumn.Table, [Int], Double) {
        let distances = scaled.room(count)
        var kept = 0
        var start = 0
        var low = Int64.max
        var high = Int64.min
        var repeats = 0
        for segment in header.segments {
            if segment.table == index {
                for at in start..<start + segment.count {
                    let distance = Int64(bitPattern: numbers[at] &- segment.base) / Int64(bitPattern: header.factor)
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
        let sorted = radixSort(distances, other.room(kept), kept, high: UInt64(bitPattern: high &- low))
        let plan = BinPlan(sorted, kept, others: repeats)
        repeats = 0
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
        var position = 0
        var start = 0
        for segment in plan.header.segments {
            let table = plan.header.tables[segment.table]
            let searcher = BinSearcher(table, base: segment.base, factor: plan.header.factor)
            for index in start..<start + segment.count {
                if table.repeats, index > 0, numbers[index] == numbers[index - 1] {
                    symbols[index] = UInt8(table.bins.count)
                    continue
                }
                let (symbol, place, width) = searcher.find(numbers[index])
                symbols[index] = UInt8(symbol)
                if width > 56 { writeBits(place >> 56, width - 56, at: &position, of: stream) }
                if width > 0 { writeBits(place & 0xff_ffff_ffff_ffff, min(width, 56), at: &position, of: stream) }
            }
            start += segment.count
        }
        let placeBytes = (position + 7) / 8
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
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: SymbolCoder.lanes) { states in
            states.initialize(repeating: 0)
            var end = count
            var place = coded
            for segment in header.segments.reversed() {
                defer { end -= segment.count }
                guard let encoder = encoders[segment.table] else { continue }
                for index in stride(from: end - 1, to: end - segment.count - 1, by: -1) {
                    place -= 1
                    let lane = place & (SymbolCoder.lanes - 1)
                    if states[lane] == 0 {
                        states[lane] = encoder.lastState(symbols[index])
                        written[place] = 0
                    } else {
                        written[place] = encoder.encode(symbols[index], &states[lane])
                    }
                }
            }
            let stream = UnsafeMutableRawPointer(self.stream.room(0)) + taken
            var position = 0
            for lane in 0..<SymbolCoder.lanes {
                let state = max(states[lane], 1 << UInt32(header.log))
                writeBits(UInt64(state) - 1 << UInt64(header.log), header.log, at: &position, of: stream)
            }
            for index in 0..<coded where written[index] >> 16 > 0 {
                writeBits(UInt64(written[index] & 0xffff), Int(written[index] >> 16), at: &position, of: stream)
            }
            let length = (position + 7) / 8
            bytes.appendVarint(UInt64(length))
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: stream, count: length))
        }
    }
}

/// Finds the bin of a number.
private struct BinSearcher {
    private let lowers: [UInt64]
    private let widths: [Int]
    private let origin: UInt64
    private let factor: UInt64

    init(_ table: BinnedColumn.Table, base: UInt64, factor: UInt64) {
        // Bins ascend from the first one on, whatever the sign.
        let first = table.bins.first?.lower ?? 0
        lowers = table.bins.map { $0.lower &- first }
        widths = table.bins.map { Int($0.width) }
        origin = base &+ first &* factor
        self.factor = factor
    }

    @inline(__always)
    func find(_ number: UInt64) -> (symbol: Int, place: UInt64, width: Int) {
        var distance = number &- origin
        if factor > 1 { distance /= factor }
        var low = 0
        var count = lowers.count
        while count > 1 {
            let half = count / 2
            if lowers[low + half] <= distance { low += half }
            count -= half
        }
        return (low, distance - lowers[low], widths[low])
    }
}

/// The greatest common divisor; of 0 and a number that number.
private func divisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
}
