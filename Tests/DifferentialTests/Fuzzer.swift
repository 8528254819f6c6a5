import TestSupport

@testable import PromQL

/// Asks two engines the same random queries.
struct Fuzzer {
    /// How many expressions one set of series is asked.
    static let roundSize = 1000
    /// After so many differences nobody reads on.
    static let differencesMax = 25

    private(set) var asked = 0
    private(set) var failed = 0
    private(set) var empty = 0
    private(set) var explained: [String: Int] = [:]
    private(set) var unexplained: [String] = []

    /// Asks `count` queries. Each thousand has series and a seed of its own: the next number after that before.
    mutating func run(seed: UInt64, count: Int) throws {
        for start in stride(from: 0, to: count, by: Fuzzer.roundSize) where unexplained.count < Fuzzer.differencesMax {
            let number = UInt64(start / Fuzzer.roundSize)
            try round(seed: seed &+ number, count: min(count - start, Fuzzer.roundSize))
        }
    }

    private mutating func round(seed: UInt64, count: Int) throws {
        let peers = try Peers(GeneratedData(seed: seed).series)
        for index in 0..<count {
            // Apart, so that a change to the generator leaves the others as they are.
            var seeds = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(index))
            var maker = ExpressionMaker(seed: seeds.next())
            let query = maker.query()
            guard let difference = try ask(query, peers) else { continue }
            // What another answer of Prometheus's explains cannot be made smaller.
            if try explain(query, difference, peers, Exclusions.explanations.prefix(1)) { continue }
            let small = try Shrinker { try peers.difference($0)?.kind.isAkin(to: difference.kind) ?? false }.shrink(
                query)
            let rest = try peers.difference(small) ?? difference
            if try explain(small, rest, peers, Exclusions.explanations[...]) { continue }
            let text = """
                SEED=\(seed) COUNT=\(index + 1)
                \(small)
                \(rest)
                from: \(query)
                """
            print(text + "\n")
            unexplained.append(text)
            if unexplained.count >= Fuzzer.differencesMax { return }
        }
    }

    private mutating func explain(
        _ query: Query, _ difference: Difference, _ peers: Peers, _ explanations: ArraySlice<Exclusions.Explanation>
    ) throws -> Bool {
        guard let found = try explanations.first(where: { try $0.holds(query, difference, peers) }) else {
            return false
        }
        explained[found.reason, default: 0] += 1
        return true
    }

    private mutating func ask(_ query: Query, _ peers: Peers) throws -> Difference? {
        let (ours, theirs) = (try peers.ours(query), try peers.theirs(query))
        asked += 1
        switch theirs {
        case .failure: failed += 1
        case .success(let result): if result.series.isEmpty { empty += 1 }
        }
        return ours.difference(from: theirs, order: query.order)
    }

    var summary: String {
        let reasons = explained.sorted { $0.key < $1.key }.map { "\($0.value) differ: \($0.key)" }
        return
            (["\(asked) asked, \(failed) failed in both, \(empty) empty, \(unexplained.count) unexplained"] + reasons)
            .joined(separator: "\n")
    }
}

extension Peers {
    func difference(_ query: Query) throws -> Difference? {
        try ours(query).difference(from: try theirs(query), order: query.order)
    }
}

extension Query {
    /// What its answer is ordered by.
    var order: SeriesOrder {
        guard case .instant = time else { return .none }
        switch expr {
        case .call(let call) where call.function.name.hasPrefix("sort_by_label"): return .labels
        case .call(let call) where call.function.name.hasPrefix("sort"): return .values
        case .aggregate(let e) where [.topk, .bottomk].contains(e.op) && e.grouping.isEmpty && !e.isWithout:
            return .values
        default: return .none
        }
    }
}
