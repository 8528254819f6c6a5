/// Entropy coding of small symbols with a table of 2^log states, a symbol taking as many of them as it is frequent: the
/// next state is found by a table look-up, and the bits read for it are the symbol's cost, fractions of a bit included.
///
///     state, 0 ..< 2^log  ──table──►  symbol, bits to read, base of the next state
///     next state = base + bits read
///
/// Symbols are encoded from the last to the first and decoded from the first to the last. Four states take turns, so
/// that four look-ups are under way at once; all tables of a column are of one size, so that the states go from one
/// table to another.
///
/// - Source: Duda, "Asymmetric numeral systems: entropy coding combining speed of Huffman coding with compression rate
///   of arithmetic coding", 2013, arXiv:1311.2540, the tabled variant.
enum SymbolCoder {
    static let logMin = 5
    static let logMax = 10
    static let lanes = 4

    /// What a state means, in one word: the base of the next state, 16 bits; the bits to read, 8; the symbol, 8.
    typealias State = UInt32

    /// Spreads the symbols over the states of `states`, each as often as `weights` says, far from its like.
    ///
    /// - Parameter weights: at least 1 each, their sum 2^log.
    static func fill(_ states: UnsafeMutablePointer<State>, log: Int, weights: UnsafeBufferPointer<UInt16>) {
        let size = 1 << log
        // Odd, so that every state is met once.
        let step = size >> 1 + size >> 3 + 3
        var at = 0
        for symbol in weights.indices {
            for _ in 0..<weights[symbol] {
                states[at] = State(symbol)
                at = (at + step) & (size - 1)
            }
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: weights.count) { next in
            for symbol in weights.indices { next[symbol] = UInt32(weights[symbol]) }
            for state in 0..<size {
                let symbol = Int(states[state])
                let number = next[symbol]
                next[symbol] = number + 1
                let bits = UInt32(log) - (31 - UInt32(number.leadingZeroBitCount))
                let base = number << bits - UInt32(size)
                states[state] = base << 16 | bits << 8 | UInt32(symbol)
            }
        }
    }

    /// Weights that add up to 2^log for symbols that occur `counts` times each, of which there are at most 2^log.
    static func weights(_ counts: [Int], log: Int) -> [UInt16] {
        let total = counts.reduce(0, +)
        let size = 1 << log
        var weights = counts.map { max(1, ($0 * size + total / 2) / total) }
        var surplus = weights.reduce(0, +) - size
        // What rounding has added or left is taken from, or given to, where it changes the cost least.
        while surplus != 0 {
            let change = surplus > 0 ? -1 : 1
            var best = -1
            var bestLoss = Double.infinity
            for symbol in counts.indices where weights[symbol] + change > 0 {
                let loss = Double(counts[symbol]) * -Double(change) / (Double(weights[symbol]) + 0.5 * Double(change))
                if loss < bestLoss { (best, bestLoss) = (symbol, loss) }
            }
            weights[best] += change
            surplus += change
        }
        return weights.map { UInt16($0) }
    }
}

/// The encoder's side of a table.
struct SymbolEncoder {
    /// What is to be known of a symbol.
    private struct Entry {
        /// The place of its first number in `states`, less that number.
        var offset: Int
        /// 2^16 times the bits that are written at most, less the least state, plus 2^log, for which they are: added to a
        /// state, what lies above 16 bits is how many are written.
        var bits: UInt32
        var weight: Int
    }

    private var entries: [Entry] = []
    /// States plus 2^log, by symbol and number.
    private var states: [UInt16] = []

    init(_ weights: [UInt16], log: Int) {
        var start = 0
        entries.reserveCapacity(weights.count)
        for weight in weights.map({ Int($0) }) {
            // The state is shifted until it lies in weight ..< 2 · weight.
            let bits = log - (Int.bitWidth - 1 - weight.leadingZeroBitCount)
            entries.append(
                Entry(offset: start - weight, bits: UInt32(bits << 16 - weight << bits), weight: weight))
            start += weight
        }
        let size = 1 << log
        states = [UInt16](repeating: 0, count: size)
        var next = weights.map { Int($0) }
        withUnsafeTemporaryAllocation(of: SymbolCoder.State.self, capacity: size) { table in
            guard let base = table.baseAddress else { return }
            weights.withUnsafeBufferPointer { SymbolCoder.fill(base, log: log, weights: $0) }
            for state in 0..<size {
                let symbol = Int(base[state] & 0xff)
                states[entries[symbol].offset + next[symbol]] = UInt16(size + state)
                next[symbol] += 1
            }
        }
    }

    /// Encodes symbols from the last to the first.
    ///
    /// - Parameters:
    ///   - lanes: the states, plus 2^log, of those behind, or 0 where a lane has none; then those of these symbols.
    ///   - written: what is to be written for each symbol: the low 16 bits, and above them how many of them.
    ///   - start: how many symbols of the column are before these.
    func encode(
        _ symbols: UnsafePointer<UInt8>, _ count: Int, _ lanes: inout InlineArray<4, UInt32>,
        into written: UnsafeMutablePointer<UInt32>, _ start: Int
    ) {
        entries.withUnsafeBufferPointer { entries in
            states.withUnsafeBufferPointer { states in
                var index = count
                while index > 0 {
                    index -= 1
                    let entry = entries[Int(symbols[index])]
                    let lane = (start + index) & (SymbolCoder.lanes - 1)
                    let state = lanes[lane]
                    if state == 0 {
                        // Any state of the symbol will do, so that the last one of a lane costs nothing.
                        lanes[lane] = UInt32(states[entry.offset + entry.weight])
                        written[index] = 0
                        continue
                    }
                    let bits = (state &+ entry.bits) >> 16
                    written[index] = bits << 16 | state & (1 &<< bits &- 1)
                    lanes[lane] = UInt32(states[entry.offset &+ Int(state &>> bits)])
                }
            }
        }
    }
}
