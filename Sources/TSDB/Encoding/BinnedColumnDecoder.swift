/// Reads one column's symbols and places; the layout is drawn at ``BinnedColumn``.
struct BinnedColumnDecoder {
    // SAFETY: `symbols` and `places` point into the column's bytes, which have `bitPaddingBytes` and the longest place
    // behind them; `limit` is where they end, in bits, and a loop that has read past it gives up.
    private let bytes: UnsafeRawPointer
    private let limit: Int
    private var symbolPosition: Int
    private var placePosition: Int
    private let log: Int
    private let factor: UInt64
    private var lane = 0
    /// The lanes' states.
    private let current: UnsafeMutablePointer<UInt32>
    private let states: UnsafeMutablePointer<SymbolCoder.State>
    private let symbols: UnsafeMutablePointer<UInt8>
    private let bins: UnsafeMutablePointer<ScaledBin>

    /// What a symbol stands for: the number before where `keep` is all ones, plus `lower`, plus the place times the factor.
    fileprivate struct ScaledBin {
        var lower: UInt64
        var width: UInt32
        var repeats: Bool
    }

    /// How many symbols are read before their places are: as many as fit in the nearest memory beside the rest.
    private static let batch = 1024

    /// Reads `count` numbers into `numbers`.
    ///
    /// - Parameters:
    ///   - bytes: the column and what follows it, with ``xorDecodePaddingBytes`` behind.
    /// - Returns: how many bytes the column takes.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, _ numbers: UnsafeMutablePointer<UInt64>, _ count: Int
    ) throws(DecodeError) -> Int {
        var bits = HeaderBitReader(bytes)
        let header = try BinnedColumn.Header(&bits, count: count)
        var reader = ByteReader(bytes)
        _ = try reader.bytes(bits.byteCount)
        let symbolBytes = header.isCoded ? try reader.count(max: reader.remaining) : 0
        let start = bytes.count - reader.remaining
        guard symbolBytes <= reader.remaining, let base = bytes.baseAddress else { throw .truncated }
        let room = header.tables.count * (1 << header.log * 4 + BinnedColumn.binsMax * 16) + batch + 16
        let result = withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) { room -> Result<Int, DecodeError> in
            Result { () throws(DecodeError) in
                guard let room = room.baseAddress else { throw .truncated }
                var decoder = BinnedColumnDecoder(
                    header, base, limit: bytes.count * 8, symbols: start, places: start + symbolBytes, room: room)
                return try decoder.run(header, numbers)
            }
        }
        return try result.get()
    }

    private init(
        _ header: BinnedColumn.Header, _ bytes: UnsafeRawPointer, limit: Int, symbols: Int, places: Int,
        room: UnsafeMutableRawPointer
    ) {
        self.bytes = bytes
        self.limit = limit
        symbolPosition = symbols * 8
        placePosition = places * 8
        log = header.log
        factor = header.factor
        let tables = header.tables.count
        let statesCount = tables << log
        let binsCount = tables * BinnedColumn.binsMax
        current = room.bindMemory(to: UInt32.self, capacity: SymbolCoder.lanes)
        bins = (room + 16).bindMemory(to: ScaledBin.self, capacity: binsCount)
        states = (room + 16 + 16 * binsCount).bindMemory(to: SymbolCoder.State.self, capacity: statesCount)
        self.symbols = (room + 16 + 16 * binsCount + 4 * statesCount).bindMemory(to: UInt8.self, capacity: Self.batch)
        for (index, table) in header.tables.enumerated() {
            let own = bins + index * BinnedColumn.binsMax
            for (symbol, bin) in table.bins.enumerated() {
                own[symbol] = ScaledBin(lower: bin.lower &* factor, width: UInt32(bin.width), repeats: false)
            }
            if table.repeats { own[table.bins.count] = ScaledBin(lower: 0, width: 0, repeats: true) }
            guard table.isCoded else { continue }
            table.weights.withUnsafeBufferPointer {
                SymbolCoder.fill(states + index << log, log: log, weights: $0)
            }
        }
    }

    private mutating func run(
        _ header: BinnedColumn.Header, _ numbers: UnsafeMutablePointer<UInt64>
    ) throws(DecodeError) -> Int {
        if header.isCoded { try readStates() }
        var at = numbers
        var before: UInt64 = 0
        for segment in header.segments {
            let table = header.tables[segment.table]
            let own = bins + segment.table * BinnedColumn.binsMax
            let isWide = table.bins.contains { $0.width > 57 }
            if !table.isCoded, table.bins.first?.width ?? 0 == 0 {
                at.update(repeating: table.repeats ? before : segment.base &+ own[0].lower, count: segment.count)
                at += segment.count
            } else {
                let end = at + segment.count
                while at < end {
                    let count = min(Self.batch, end - at)
                    if table.isCoded {
                        try readSymbols(states + segment.table << log, count)
                    } else {
                        symbols.update(repeating: 0, count: count)
                    }
                    if isWide {
                        try readWidePlaces(own, segment.base, at, count, before)
                    } else {
                        try readPlaces(own, segment.base, at, count, before)
                    }
                    at += count
                    before = at[-1]
                }
            }
            if segment.count > 0 { before = at[-1] }
        }
        guard placePosition <= limit else { throw .truncated }
        return (placePosition + 7) / 8
    }

    private mutating func readStates() throws(DecodeError) {
        for lane in 0..<SymbolCoder.lanes {
            guard symbolPosition + log <= limit else { throw .truncated }
            current[lane] = UInt32(peekBits(bytes, symbolPosition) >> UInt64(64 - log))
            symbolPosition += log
        }
    }

    /// Reads `count` symbols, at most ``batch``.
    private mutating func readSymbols(
        _ table: UnsafeMutablePointer<SymbolCoder.State>, _ count: Int
    ) throws(DecodeError) {
        var done = 0
        while done < count, lane != 0 {
            readSymbol(table, done)
            done += 1
        }
        let end = done + (count - done) & ~3
        guard readFours(table, &done, end) else { throw .truncated }
        while done < count {
            readSymbol(table, done)
            done += 1
        }
        guard symbolPosition <= limit + SymbolCoder.lanes * SymbolCoder.logMax else { throw .truncated }
    }

    @inline(__always)
    private mutating func readSymbol(_ table: UnsafeMutablePointer<SymbolCoder.State>, _ index: Int) {
        let state = table[Int(current[lane])]
        symbols[index] = UInt8(truncatingIfNeeded: state)
        var word = peekBits(bytes, min(symbolPosition, limit))
        current[lane] = next(state, &word, &symbolPosition)
        lane = (lane + 1) & 3
    }

    /// One symbol of each lane at a time.
    private mutating func readFours(
        _ table: UnsafeMutablePointer<SymbolCoder.State>, _ done: inout Int, _ end: Int
    ) -> Bool {
        var position = symbolPosition
        var (a, b, c, d) = (current[0], current[1], current[2], current[3])
        var at = symbols + done
        let end = symbols + end
        while at < end {
            if position > limit { return false }
            // Four times at most ten bits: one word holds them.
            var word = peekBits(bytes, position)
            let (stateA, stateB, stateC, stateD) = (table[Int(a)], table[Int(b)], table[Int(c)], table[Int(d)])
            (at[0], at[1]) = (UInt8(truncatingIfNeeded: stateA), UInt8(truncatingIfNeeded: stateB))
            (at[2], at[3]) = (UInt8(truncatingIfNeeded: stateC), UInt8(truncatingIfNeeded: stateD))
            a = next(stateA, &word, &position)
            b = next(stateB, &word, &position)
            c = next(stateC, &word, &position)
            d = next(stateD, &word, &position)
            at += 4
        }
        done = max(done, end - symbols)
        symbolPosition = position
        (current[0], current[1], current[2], current[3]) = (a, b, c, d)
        return true
    }

    /// Reads places of bins that are at most 57 bits wide, and makes numbers of them.
    private mutating func readPlaces(
        _ bins: UnsafeMutablePointer<ScaledBin>, _ base: UInt64, _ numbers: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ before: UInt64
    ) throws(DecodeError) {
        var before = before
        var position = placePosition
        for index in 0..<count {
            if position > limit { throw .truncated }
            let bin = bins[Int(symbols[index])]
            // Shifted twice, because a width of zero would shift by the whole word.
            let place = (peekBits(bytes, position) &>> 1) &>> UInt64(63 &- bin.width)
            let number = base &+ bin.lower &+ place &* factor
            before = bin.repeats ? before : number
            numbers[index] = before
            position &+= Int(bin.width)
        }
        placePosition = position
    }

    private mutating func readWidePlaces(
        _ bins: UnsafeMutablePointer<ScaledBin>, _ base: UInt64, _ numbers: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ before: UInt64
    ) throws(DecodeError) {
        var before = before
        for index in 0..<count {
            if placePosition > limit { throw .truncated }
            let bin = bins[Int(symbols[index])]
            var next = placePosition
            let word = readWord(bytes, &next)
            let place = bin.width == 0 ? 0 : word &>> UInt64(64 &- bin.width)
            let number = base &+ bin.lower &+ place &* factor
            before = bin.repeats ? before : number
            placePosition &+= Int(bin.width)
            numbers[index] = before
        }
    }
}

/// The state behind `state`, with the bits that come next on top of `word`, which are taken.
@inline(__always)
private func next(_ state: SymbolCoder.State, _ word: inout UInt64, _ position: inout Int) -> UInt32 {
    let bits = UInt64(state &>> 8 & 0xff)
    let read = (word &>> 1) &>> (63 &- bits)
    word = word &<< bits
    position &+= Int(bits)
    return state &>> 16 &+ UInt32(truncatingIfNeeded: read)
}
