import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import TSDB

/// A clock that a test sets.
private final class SteppedClock: WallClock {
    private let time: Atomic<Int64>
    init(_ time: Int64) { self.time = Atomic(time) }
    func nowMs() -> Int64 { time.load(ordering: .relaxed) }
    func step(_ ms: Int64) { time.add(ms, ordering: .relaxed) }
}

/// What callers of the library may bring: each gets a clear answer, and nothing traps.
@Suite struct UnusualInputTests {
    private let directory = TemporaryDirectory()
    private static let hourMs: Int64 = 3_600_000

    /// Samples that are dated by a clock which was set.
    @Test func aClockThatIsSetBackwardsAndForwards() throws {
        let clock = SteppedClock(1_700_000_000_000)
        let options = DatabaseOptions(clock: clock)
        let database = try Database.open(directory: directory.path, options: options)
        let (old, new) = (labels("__name__=old"), labels("__name__=new"))
        var kept: [Sample] = []
        func add(_ labels: Labels, _ value: Double) throws -> AppendResult {
            try database.add(labels, [Sample(clock.nowMs(), value)])
        }
        for _ in 0..<10 {
            clock.step(15_000)
            kept.append(Sample(clock.nowMs(), 1))
            #expect(try add(old, 1).appended == 1)
        }
        let before = clock.nowMs()
        // Backwards: what is there is newer. A series that is new goes on from where the clock is.
        clock.step(-UnusualInputTests.hourMs / 2)
        #expect(try add(old, 2).rejected == [.init(index: 0, reason: .outOfOrder)])
        #expect(try add(new, 2).appended == 1)
        clock.step(-24 * UnusualInputTests.hourMs)
        // Nothing is sealed yet, so that nothing is too old for a series that has no samples.
        #expect(try add(labels("__name__=third"), 2).appended == 1)
        #expect(try database.everything()[old] == kept)
        // Back where it was, and a day ahead.
        clock.step(before + 1 - clock.nowMs())
        kept.append(Sample(clock.nowMs(), 3))
        #expect(try add(old, 3).appended == 1)
        clock.step(24 * UnusualInputTests.hourMs)
        kept.append(Sample(clock.nowMs(), 4))
        #expect(try add(old, 4).appended == 1)
        try database.maintain()
        clock.step(-24 * UnusualInputTests.hourMs)
        #expect(try add(old, 5).rejected == [.init(index: 0, reason: .tooOld)])
        #expect(try add(labels("__name__=fourth"), 5).rejected == [.init(index: 0, reason: .tooOld)])
        #expect(try database.everything()[old] == kept)
        database.close()
        let again = try Database.open(directory: directory.path, options: options)
        #expect(try again.everything()[old] == kept)
        again.close()
    }

    /// Bytes that are no labels.
    @Test(
        arguments: [
            ([0, 1, 0x61], "name is empty"),
            ([1, 0x61, 0], "label a is empty"),
            ([1, 0x61, 1, 0x62, 1, 0x61, 1, 0x63], "label a is named twice"),
            ([1, 0x62, 1, 0x62, 1, 0x61, 1, 0x63], "label a is not in the order"),
            ([1, 0x61, 2, 0xc3, 0x28], "label a is not valid UTF-8"),
            ([2, 0xff, 0xfe, 1, 0x61], "is not valid UTF-8"),
            ([1, 0x61, 3, 0xed, 0xa0, 0x80], "is not valid UTF-8"),
            ([1, 0x61, 5, 0x62], "end within"),
            ([1, 0x61], "end within"),
            ([255, 1, 0], "end within"),
        ] as [([UInt8], String)])
    func labelsThatAreNoneAreRefused(_ bytes: [UInt8], _ text: String) throws {
        let database = try Database.open(directory: directory.path)
        defer { database.close() }
        let good = labels("__name__=good")
        let error = #expect(throws: StorageError.self) { _ = try database.resolve([good, Labels(encoded: bytes)]) }
        #expect("\(String(describing: error))".contains(text), "\(String(describing: error))")
        let imported = SampleBuffer([Sample(1, 1)])
        #expect(throws: StorageError.self) { _ = try database.importSamples([(Labels(encoded: bytes), imported)]) }
        #expect(try database.add(good, [Sample(1, 1)]).appended == 1)
        #expect(try database.everything() == [good: [Sample(1, 1)]])
        #expect(try Database.check(directory.path).isSound)
    }

    @Test func theLongestLabelsAreStored() throws {
        let database = try Database.open(directory: directory.path)
        let longest = String(repeating: "x", count: isSlowRun ? Labels.stringBytesMax : 1 << 20)
        let many = manyLabels(isSlowRun ? SeriesIndex.labelsMax : 5000)
        let all = [
            Labels([(name: "a", value: longest)]), Labels([(name: longest, value: "b")]), many, Labels.empty,
            Labels([(name: "\u{1f600} {}\"=\n", value: "\0\u{10ffff}")]),
        ]
        for (index, labels) in all.enumerated() {
            #expect(try database.add(labels, [Sample(1, Double(index))]).appended == 1)
        }
        let tooMany = manyLabels(SeriesIndex.labelsMax + 1)
        #expect(throws: StorageError.self) { try database.resolve([tooMany]) }
        database.close()
        let again = try Database.open(directory: directory.path)
        let found = try again.everything()
        for (index, labels) in all.enumerated() { #expect(found[labels] == [Sample(1, Double(index))]) }
        #expect(again.takeProblems() == [])
        try again.compact()
        #expect(try again.everything() == found)
        again.close()
        #expect(try Database.check(directory.path).isSound)
    }

    private func manyLabels(_ count: Int) -> Labels {
        var encoded: [UInt8] = []
        for name in 100_000..<100_000 + count {
            for text in ["l\(name)", "v"] { Array(text.utf8).withUnsafeBufferPointer { encoded.appendLabelString($0) } }
        }
        return Labels(encoded: encoded)
    }

    @Test(.enabled(if: isSlowRun)) func aMillionSeriesInOneBatch() throws {
        let count = 1_000_000
        let database = try Database.open(directory: directory.path)
        let before = residentBytes()
        let refs = try database.resolve((0..<count).map { labels("__name__=m", "job=node", "n=\($0)") })
        let batch = SampleBatch(refs: refs, timestamps: [1000], values: refs.indices.map { Double($0) })
        #expect(try database.appendBlocking(batch).appended == count)
        #expect(database.stats().series == count)
        // A kilobyte each, the labels that were asked for included.
        #expect(residentBytes() - before < 1000 * count)
        database.close()
        let again = try Database.open(directory: directory.path)
        #expect(again.stats().series == count && again.stats().corruptions == 0)
        let view = try again.querier(minTime: 0, maxTime: 2000)
        let set = try view.select([Matcher("n", equals: "999999")], hints: SelectHints(minTime: 0, maxTime: 2000))
        let buffer = SampleBuffer()
        try set.read(0, into: buffer)
        #expect(set.count == 1 && buffer.samples == [Sample(1000, 999_999)])
        view.close()
        again.close()
    }

    /// The memory that this process has.
    private func residentBytes() -> Int {
        let fields = ((try? readText("/proc/self/statm")) ?? "").split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}
