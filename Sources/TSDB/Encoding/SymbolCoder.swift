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
    /// Per symbol the place of its first number in `states`, less that number.
    private var offsets: [Int32] = []
    private var weights: [UInt32] = []
    /// States plus 2^log, by symbol and number.
    private var states: [UInt16] = []
    private let log: UInt32

    init(_ weights: [UInt16], log: Int) {
        self.log = UInt32(log)
        self.weights = weights.map { UInt32($0) }
        var start: Int32 = 0
        for weight in weights {
            offsets.append(start - Int32(weight))
            start += Int32(weight)
        }
        let size = 1 << log
        states = [UInt16](repeating: 0, count: size)
        var next = self.weights
        withUnsafeTemporaryAllocation(of: SymbolCoder.State.self, capacity: size) { table in
            guard let base = table.baseAddress else { return }
            weights.withUnsafeBufferPointer { SymbolCoder.fill(base, log: log, weights: $0) }
            for state in 0..<size {
                let symbol = Int(base[state] & 0xff)
                states[Int(offsets[symbol] + Int32(next[symbol]))] = UInt16(size + state)
                next[symbol] += 1
            }
        }
    }

    /// The state to end with, plus 2^log, so that the last symbol of a lane costs nothing.
    func lastState(_ symbol: UInt8) -> UInt32 { UInt32(states[Int(offsets[Int(symbol)]) + Int(weights[Int(symbol)])]) }

    /// The state before one that is `state`, plus 2^log, and the bits to write for it: the low 16 those, above them
    /// their number.
    @inline(__always)
    func encode(_ symbol: UInt8, _ state: inout UInt32) -> UInt32 {
        let weight = weights[Int(symbol)]
        // The state is shifted until it lies in weight ..< 2 · weight.
        var bits = log - (31 - UInt32(weight.leadingZeroBitCount))
        if state >> bits < weight { bits -= 1 }
        let written = state & (1 << bits - 1)
        state = UInt32(states[Int(offsets[Int(symbol)]) + Int(state >> bits)])
        return bits << 16 | written
    }
}
