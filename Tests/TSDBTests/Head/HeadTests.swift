import TestSupport
import Testing

@testable import TSDB

@Suite struct ViewRegistryTests {
    /// Appends go up by one per series; a view must see each series where it stood when the view began.
    @Test func everyViewSeesWhatWasThereWhenItBegan() {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<50 {
            var registry = ViewRegistry()
            var newest: [UInt32: Int64] = [:]
            var saved: [UInt32: UInt32] = [:]
            var open: [(generation: UInt32, newest: [UInt32: Int64])] = []
            for _ in 0..<300 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0, 1: open.append((registry.open(sealedEnd: 0), newest))
                case 2 where !open.isEmpty:
                    registry.close(open.remove(at: Int.random(in: 0..<open.count, using: &random)).generation)
                default:
                    let series = UInt32.random(in: 0..<6, using: &random)
                    if !registry.isEmpty, saved[series] != registry.currentGeneration {
                        registry.willAppend(to: series, newest: newest[series] ?? .min)
                        saved[series] = registry.currentGeneration
                    }
                    newest[series, default: 0] += 1
                }
                #expect(registry.viewCount == open.count)
                let areRight = open.allSatisfy { view in
                    (UInt32(0)..<6).allSatisfy { series in
                        let end = registry.visibleEnd(of: series, in: view.generation) ?? newest[series] ?? .min
                        return end == view.newest[series] ?? .min
                    }
                }
                #expect(areRight)
            }
        }
    }

    @Test func theOldestEndOfSealedDataIsThatOfTheOldestView() {
        var registry = ViewRegistry()
        #expect(registry.oldestSealedEnd == nil)
        let first = registry.open(sealedEnd: 10)
        let second = registry.open(sealedEnd: 20)
        #expect(first != second && registry.oldestSealedEnd == 10)
        registry.close(first)
        #expect(registry.oldestSealedEnd == 20)
        registry.close(second)
        registry.close(second)
        #expect(registry.isEmpty)
    }
}

@Suite struct PagedTableTests {
    @Test func agreesWithADictionary() {
        var random = SeededGenerator(seed: makeSeed())
        var table = PagedTable<Int>()
        defer { table.removeAll() }
        var known: [UInt32: Int] = [:]
        for round in 0..<20_000 {
            let id = UInt32.random(in: 0..<5000, using: &random)
            if known[id] == nil {
                known[id] = round
                _ = table.insert(id, round)
            } else if round > 8000 || random.chance(30) {
                known[id] = nil
                table.remove(id)
            }
        }
        #expect(table.count == known.count)
        #expect((UInt32(0)..<6000).allSatisfy { table[$0]?.pointee == known[$0] })
        var seen: [UInt32] = []
        table.forEach(in: 100..<4000) { id, _ in seen.append(id) }
        #expect(seen == known.keys.filter { $0 >= 100 && $0 < 4000 }.sorted())
    }
}

@Suite struct BlockTimeTests {
    @Test(arguments: [Int64(1), 7, 1000, 7_200_000, .max]) func everyTimeLiesInItsWindow(_ length: Int64) {
        let windows = BlockTime(lengthMs: length)
        let times: [Int64] = [.min, .min + 1, -7_200_001, -7_200_000, -1, 0, 1, 7_199_999, 7_200_000, .max - 1]
        for time in times {
            let number = windows.number(of: time)
            #expect(windows.start(of: number) <= time && time < windows.end(of: number))
        }
    }
}

@Suite struct SeriesRunsTests {
    @Test func agreesWithASet() throws {
        var random = SeededGenerator(seed: makeSeed())
        var sets: [Set<UInt32>] = []
        var all: [SeriesRuns] = []
        for _ in 0..<100 {
            let ids = Set(
                (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt32.random(in: 0...150, using: &random) })
            var runs = SeriesRuns()
            for id in ids.sorted() { runs.append(id) }
            #expect(runs.count == ids.count)
            for id in UInt32(0)...160 { #expect(runs.contains(id) == ids.contains(id)) }
            #expect(try runs.encoded.withUnsafeBytes { try SeriesRuns(encoded: $0) } == runs)
            var found = [Bool](repeating: false, count: 40)
            let probes = (0..<40).map { UInt32($0 * 4) }
            runs.mark(probes, in: &found)
            #expect(found == probes.map(ids.contains))
            sets.append(ids)
            all.append(runs)
            var wanted = SeriesRuns()
            for id in sets.suffix(4).reduce(Set<UInt32>(), { $0.union($1) }).sorted() { wanted.append(id) }
            #expect(SeriesRuns.union(all.suffix(4)) == wanted)
        }
    }

    @Test func damagedRunsThrow() {
        for bytes: [UInt8] in [[1], [1, 0], [0x80], [0, 1, 0, 1], [0xff, 0xff, 0xff, 0xff, 0x1f, 1]] {
            #expect(throws: DecodeError.self) { try bytes.withUnsafeBytes { try SeriesRuns(encoded: $0) } }
        }
    }
}
