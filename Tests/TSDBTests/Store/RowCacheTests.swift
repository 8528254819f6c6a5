import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RowCacheTests {
    private func key(_ series: UInt32, revision: Int = 0) -> RowCache.Key {
        var block = Block(
            number: 1, start: 0, end: 1, minTime: 0, maxTime: 0, sampleCount: 0, byteCount: 0,
            series: SeriesRuns())
        block.revision = revision
        return RowCache.Key(block, series)
    }

    private func read(_ cache: RowCache, _ key: RowCache.Key, _ low: Int64 = .min, _ high: Int64 = .max) -> [Sample]? {
        let buffer = SampleBuffer()
        return cache.read(key, low, high, into: buffer) ? buffer.samples : nil
    }

    @Test(arguments: SampleShape.allCases) func anyWindowOfARowIsReadAsItWasKept(_ shape: SampleShape) {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        for count in [1, 2, 63, 500, Int.random(in: 3...2000, using: &random)] {
            let cache = RowCache(bytesMax: 1 << 20)
            let samples = shape.make(count, using: &random)
            let buffer = SampleBuffer([Sample(.min, 4)] + samples)
            cache.keep(key(7), buffer, from: 1, storedBytes: 99)
            #expect(read(cache, key(7)) == samples, "seed \(seed)")
            for _ in 0..<20 {
                let low = samples.randomElement(using: &random)?.time ?? 0
                let high = (samples.randomElement(using: &random)?.time ?? 0) &+ .random(in: -1...1, using: &random)
                let expected = samples.filter { $0.time >= low && $0.time <= high }
                #expect(read(cache, key(7), low, high) == expected, "seed \(seed), \(low) to \(high)")
            }
            #expect(read(cache, key(8)) == nil && read(cache, key(7, revision: 1)) == nil)
        }
    }

    @Test func smallWholeNumbersTakeAByteAndTimesAreShared() {
        let cache = RowCache(bytesMax: 1 << 20)
        let gauge = (0..<1000).map { Sample(Int64($0) * 15_000, Double(40 + $0 % 60)) }
        cache.keep(key(1), SampleBuffer(gauge), from: 0, storedBytes: 0)
        let first = cache.byteCount
        #expect(first >= 9000 && first < 9500)
        cache.keep(key(2), SampleBuffer(gauge), from: 0, storedBytes: 0)
        #expect(cache.byteCount - first < 1500)
    }

    @Test func itStaysWithinItsBytesAndKeepsWhatIsAskedFor() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        let bytesMax = 100_000
        let cache = RowCache(bytesMax: bytesMax)
        let wanted = SampleShape.gauge.make(100, using: &random)
        cache.keep(key(0), SampleBuffer(wanted), from: 0, storedBytes: 0)
        var kept: [UInt32: [Sample]] = [:]
        for series in UInt32(1)...2000 {
            let shape = SampleShape.allCases.randomElement(using: &random) ?? .flat
            let samples = shape.make(Int.random(in: 1...700, using: &random), using: &random)
            cache.keep(key(series), SampleBuffer(samples), from: 0, storedBytes: 0)
            kept[series] = samples
            #expect(cache.byteCount <= bytesMax, "seed \(seed), series \(series)")
            #expect(read(cache, key(0)) == wanted, "seed \(seed), series \(series)")
        }
        let there = kept.filter { read(cache, key($0.key)) != nil }
        #expect(there.count > 5 && there.count < 1000)
        for (series, samples) in there { #expect(read(cache, key(series)) == samples) }
    }

    @Test func withoutRoomOnlySomeRowsAreTaken() {
        let full = RowCache(bytesMax: 4000)
        #expect(full.takesMore())
        for series in UInt32(0)..<30 {
            full.keep(key(series), SampleBuffer([Sample(0, 1)]), from: 0, storedBytes: 0)
        }
        #expect((0..<100).count { _ in full.takesMore() } == 25)
        let none = RowCache(bytesMax: 0)
        #expect(!(0..<100).contains { _ in none.takesMore() })
    }

    @Test func whatIsRewrittenIsReadAnewAndOldViewsGoOnAsTheyWere() throws {
        let directory = TemporaryDirectory()
        var options = DatabaseOptions(retentionMs: 0, blockMs: 1000)
        options.outOfOrderMs = 100_000
        let database = try Database.open(directory: directory.path, options: options)
        let name = labels("__name__=m")
        for time in stride(from: Int64(0), to: 20_000, by: 100) { _ = try database.add(name, [Sample(time, 1)]) }
        try database.maintain()
        let old = try database.everything()
        #expect(database.state.rowCache.byteCount > 0)
        let view = try database.querier(minTime: .min, maxTime: .max)
        _ = try database.add(name, [Sample(150, 7)])
        #expect(try database.deleteSeries([[Matcher("__name__", equals: "m")]], minTime: 1000, maxTime: 1900) > 0)
        try database.compact()
        let new = (old[name] ?? []).filter { !(1000...1900).contains($0.time) } + [Sample(150, 7)]
        for _ in 0..<2 {
            #expect(try database.everything()[name] == new.sorted { $0.time < $1.time })
            #expect(try view.everything() == old)
        }
        view.close()
    }
}
