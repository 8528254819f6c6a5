import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ExtremeTests {
    /// One sample far ahead would have everything before it sealed, and deleted as too old.
    @Test func samplesFarAheadOfTheClockAreRefused() throws {
        let directory = TemporaryDirectory()
        let now: Int64 = 1_700_000_000_000
        let options = DatabaseOptions(retentionMs: 100_000, blockMs: 10_000, clock: FixedClock(now: now))
        let database = try Database.open(directory: directory.path, options: options)
        let live = labels("__name__=live")
        _ = try database.add(live, [Sample(now, 1)])
        for time in [now * 1000, now + 86_400_000, .max, now + DatabaseOptions.aheadMsMax + 1] {
            let result = try database.add(labels("__name__=wrong"), [Sample(time, 1)])
            #expect(result.rejected == [.init(index: 0, reason: .tooOld)])
        }
        #expect(try database.add(labels("__name__=ahead"), [Sample(now + DatabaseOptions.aheadMsMax, 1)]).appended == 1)
        try database.maintain()
        #expect(try database.everything()[labels("__name__=wrong")] == nil)
    }

    @Test func extremeTimesAndRangesAreAnswered() throws {
        let directory = TemporaryDirectory()
        let options = DatabaseOptions(retentionMs: 0, blockMs: 1000, clock: FixedClock(now: .max))
        let database = try Database.open(directory: directory.path, options: options)
        let times: [Int64] = [.min, .min + 1, -9_000_000_000_000, -1, 0, 1, 9_000_000_000_000, .max - 1, .max]
        var kept: [Sample] = []
        for time in times {
            let result = try database.add(labels("__name__=m"), [Sample(time, 1)])
            if result.rejected.isEmpty { kept.append(Sample(time, 1)) }
            try database.maintain()
        }
        #expect(kept.contains(Sample(0, 1)))
        for low in times {
            for high in times {
                let found = try database.everything(from: low, to: high)[labels("__name__=m")] ?? []
                #expect(found == kept.filter { $0.time >= low && $0.time <= high }, "\(low) to \(high)")
            }
        }
        database.close()
        let again = try Database.open(directory: directory.path, options: options)
        #expect(try again.everything()[labels("__name__=m")] ?? [] == kept)
    }

    /// Decoders meet arbitrary bytes whose checksum is right: they throw or give something, and nothing worse.
    @Test func arbitraryBytesNeverTrap() {
        var random = SeededGenerator(seed: makeSeed())
        for round in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                random.chance(50) ? UInt8.random(in: 0...3, using: &random) : UInt8.random(in: 0...255, using: &random)
            }
            let sum = bytes.withUnsafeBytes { checksum($0, row: 7) }
            var tail: [UInt8] = []
            tail.appendFixed32(sum)
            if round % 2 == 0 {
                bytes.insert(contentsOf: tail, at: 0)
                var decoder = JournalDecoder()
                let head = Head(sealedEnd: nil)
                switch bytes.withUnsafeBytes({ try? decoder.decode($0, row: 7) }) {
                case .floats(let batch): head.replay(batch)
                case .side(let entries): head.replay(entries)
                case nil: break
                }
                // What it left behind is built on.
                _ = bytes.withUnsafeBytes { try? decoder.decode($0, row: 8) }
            } else {
                bytes.insert(UInt8.random(in: 1...2, using: &random), at: 0)
                let whole = bytes.withUnsafeBytes { checksum($0, row: 7) }
                bytes.appendFixed32(whole)
                let buffer = SampleBuffer()
                for start in [0, Int64.min, .max] {
                    bytes.withUnsafeBytes {
                        try? BlockRow.decode(
                            $0, row: 7, blockStart: start, from: .min, to: .max, into: buffer,
                            times: { (list) throws(DecodeError) in throw DecodeError("no list \(list)") })
                    }
                    buffer.removeAll()
                }
            }
            _ = bytes.withUnsafeBytes { try? SeriesRuns(encoded: $0) }
        }
    }

    /// A record that is sound but for a few bytes, with its checksum made right again.
    @Test func changedRecordsNeverTrap() {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<2000 {
            var encoder = JournalEncoder()
            var decoder = JournalDecoder()
            var time: Int64 = 0
            for row in 1..<Int64(6) {
                let refs = (0..<40).map { SeriesRef(id: UInt32($0 / 2)) }
                time += 1000
                let times = refs.indices.map { time + Int64($0 % 2) * Int64.random(in: 1...9, using: &random) }
                let values = refs.map { _ in Double(Int.random(in: 0...3, using: &random)) / 8 }
                var bytes = encoder.encode(SampleBatch(refs: refs, timestamps: times, values: values), row: row)
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    bytes[Int.random(in: 4..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
                let sum = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[4...]), row: row) }
                for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index)) }
                _ = bytes.withUnsafeBytes { try? decoder.decode($0, row: row) }
            }
        }
    }
}
