import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct IndexTests {
    private static let names = ["__name__", "a", "b", "job", "é"]
    private static let values = ["", "0", "1", "2", "10", "x|y", "é", "e\u{301}", "long value"]

    private func randomLabels(_ random: inout SeededGenerator) -> Labels {
        Labels(IndexTests.names.map { ($0, IndexTests.values.randomElement(using: &random) ?? "") })
    }

    private func randomMatcher(_ random: inout SeededGenerator) throws -> Matcher {
        let name = random.chance(5) ? "nowhere" : IndexTests.names.randomElement(using: &random) ?? ""
        let pattern = ["", ".*", ".+", "0|1", "(0|1|2)", "1.*", "|0", "x\\|y", "[0-9]+", "nothing", "(|1)", "é"]
        switch Int.random(in: 0...3, using: &random) {
        case 0: return try Matcher(name, .equal, IndexTests.values.randomElement(using: &random) ?? "")
        case 1: return try Matcher(name, .notEqual, IndexTests.values.randomElement(using: &random) ?? "")
        case 2: return try Matcher(name, .matches, pattern.randomElement(using: &random) ?? "")
        default: return try Matcher(name, .notMatches, pattern.randomElement(using: &random) ?? "")
        }
    }

    /// As `Matcher` says it, but with strings that differ in a byte being different.
    private func selects(_ matcher: Matcher, _ labels: Labels) -> Bool {
        let value = labels[matcher.name] ?? ""
        switch matcher.op {
        case .equal: return Array(value.utf8) == Array(matcher.value.utf8)
        case .notEqual: return Array(value.utf8) != Array(matcher.value.utf8)
        case .matches, .notMatches: return matcher.matches(value)
        }
    }

    @Test func matchersSelectWhatTryingEachSeriesSelects() throws {
        var random = SeededGenerator(seed: makeSeed())
        for size in [0, 1, 5, 40, 1500] {
            let index = SeriesIndex()
            var known: [UInt32: Labels] = [:]
            for _ in 0..<size {
                let labels = randomLabels(&random)
                known[try index.resolve([labels])[0].id] = labels
            }
            index.publish(known.keys.shuffled(using: &random))
            for _ in 0..<400 {
                let matchers = try (0..<Int.random(in: 0...3, using: &random)).map { _ in try randomMatcher(&random) }
                let wanted = known.filter { entry in matchers.allSatisfy { selects($0, entry.value) } }.keys.sorted()
                #expect(index.match(matchers) == wanted, "\(matchers)")
            }
        }
    }

    @Test func forgettingLeavesTheRestAsItWas() throws {
        var random = SeededGenerator(seed: makeSeed())
        let index = SeriesIndex()
        var known: [UInt32: Labels] = [:]
        var highest: UInt32 = 0
        for _ in 0..<60 {
            let fresh = (0..<40).map { _ in
                Labels(
                    Array(randomLabels(&random)).map { ($0.name, $0.value) } + [
                        ("n", "\(Int.random(in: 0...5000, using: &random))")
                    ])
            }
            let refs = try index.resolve(fresh)
            for (labels, ref) in zip(fresh, refs) {
                if known[ref.id] == nil {
                    #expect(ref.id > highest)
                    highest = max(highest, ref.id)
                }
                known[ref.id] = labels
            }
            index.publish(refs.map(\.id))
            let gone = known.keys.filter { _ in random.chance(45) }
            index.forget(gone)
            for id in gone { known[id] = nil }
            #expect(index.match([]) == known.keys.sorted())
            let matcher = try randomMatcher(&random)
            #expect(index.match([matcher]) == known.filter { selects(matcher, $0.value) }.keys.sorted())
            let all = Array(known)
            #expect(try index.resolve(all.map(\.value)).map(\.id) == all.map(\.key))
            #expect(Set(index.labelNames(of: nil)) == Set(known.values.flatMap { $0.map(\.name) }))
            #expect(index.sortedByLabels(known.keys.sorted()).map(index.labels(of:)) == known.values.sorted())
            // Few of them are sorted in another way than many.
            let few = known.prefix(index.pairCount / 8)
            #expect(index.sortedByLabels(few.map(\.key)).map(index.labels(of:)) == few.map(\.value).sorted())
        }
        index.forget(Array(known.keys))
        #expect(index.count == 0 && index.pairCount == 0 && index.labelNames(of: nil).isEmpty)
    }

    @Test func aSeriesWithoutASampleIsNotFound() throws {
        let index = SeriesIndex()
        let refs = try index.resolve([labels("__name__=a"), labels("__name__=b")])
        index.publish([refs[1].id])
        #expect(index.match([]) == [refs[1].id])
        #expect(index.labelValues("__name__", of: nil) == ["b"])
        #expect(index.unused(max: 10) { $0 == refs[1].id } == [])
        #expect(index.unused(max: 10) { $0 == refs[1].id } == [refs[0].id])
    }

    @Test func labelsThatShareAHashAreToldApart() throws {
        let index = SeriesIndex()
        let many = (0..<20_000).map { labels("__name__=m", "n=\($0)") }
        let refs = try index.resolve(many + many)
        #expect(Set(refs).count == many.count)
        #expect(Array(refs.prefix(many.count)) == Array(refs.suffix(many.count)))
    }

    @Test func manyThreadsResolveTheSameLabelsToTheSameSeries() async throws {
        let index = SeriesIndex()
        let many = (0..<500).map { labels("__name__=m", "n=\($0)") }
        let found = await withTaskGroup(of: [SeriesRef].self) { group in
            for _ in 0..<8 { group.addTask { (try? index.resolve(many)) ?? [] } }
            return await group.reduce(into: Set<[SeriesRef]>()) { $0.insert($1) }
        }
        #expect(found.count == 1 && found.first?.count == 500)
    }

    @Test func cardinalityCountsSeriesAndValues() throws {
        let index = SeriesIndex()
        let refs = try index.resolve((0..<10).map { labels("__name__=\($0 < 7 ? "a" : "b")", "n=\($0)") })
        index.publish(refs.map(\.id))
        let found = index.cardinality(limit: 2)
        #expect(found.seriesByMetricName == [.init(name: "a", count: 7), .init(name: "b", count: 3)])
        #expect(found.valuesByLabelName == [.init(name: "n", count: 10), .init(name: "__name__", count: 2)])
        #expect(found.seriesByLabelPair == [.init(name: "__name__=a", count: 7), .init(name: "__name__=b", count: 3)])
    }

    @Test func longNamesAndValuesComeBack() throws {
        let long = String(repeating: "x", count: 100_000)
        let index = SeriesIndex()
        let wanted = labels("__name__=m", "\(long)=\(long)")
        let ref = try index.resolve([wanted])[0]
        index.publish([ref.id])
        #expect(index.labels(of: ref.id) == wanted)
        #expect(try index.resolve([wanted]) == [ref])
    }
}

@Suite struct IdTableTests {
    @Test func agreesWithADictionary() {
        var random = SeededGenerator(seed: makeSeed())
        var table = IdTable()
        var known: [UInt64: UInt32] = [:]
        var next: UInt32 = 0
        for _ in 0..<4000 {
            // Few hashes with equal low bits, so that probes run into one another.
            let hash = UInt64.random(in: 0...400, using: &random) << 33 | UInt64.random(in: 0...7, using: &random) << 4
            if let id = known[hash] {
                if random.chance(50) {
                    table.remove(hash, id)
                    known[hash] = nil
                }
            } else {
                table.insert(hash, next)
                known[hash] = next
                next += 1
            }
            if random.chance(1) { table.shrink() }
            let probe = UInt64.random(in: 0...400, using: &random) << 33 | UInt64.random(in: 0...7, using: &random) << 4
            #expect(table.find(probe) { known[probe] == $0 } == known[probe])
            #expect(table.count == known.count)
        }
    }
}

@Suite struct PostingsTests {
    private func randomNumbers(_ count: ClosedRange<Int>, upTo end: UInt32, _ random: inout SeededGenerator) -> Set<
        UInt32
    > {
        var numbers = Set<UInt32>()
        for _ in 0..<Int.random(in: count, using: &random) { numbers.insert(.random(in: 0...end, using: &random)) }
        return numbers
    }

    @Test func unionAndFilterAgreeWithSets() {
        var random = SeededGenerator(seed: makeSeed())
        for spread: UInt32 in [200, 5000, UInt32.max - 1] {
            for _ in 0..<200 {
                var all = Set<UInt32>()
                let lists = (0..<Int.random(in: 0...6, using: &random)).map { _ -> [UInt32] in
                    let fresh = randomNumbers(0...60, upTo: spread, &random).subtracting(all)
                    all.formUnion(fresh)
                    return fresh.sorted()
                }
                #expect(Postings.union(lists) == all.sorted())
                let shared = all.filter { $0 % 3 == 0 }
                let other = randomNumbers(0...100, upTo: spread, &random).union(shared).sorted()
                let sorted = all.sorted()
                #expect(Postings.filter(sorted, by: other, keepShared: true) == sorted.filter(other.contains))
                #expect(Postings.filter(sorted, by: other, keepShared: false) == sorted.filter { !other.contains($0) })
            }
        }
    }
}
