import Model
import TestSupport
import Testing

@testable import TSDB

/// What a batch says, however it is written.
struct PlainSample: Equatable {
    let series: UInt32
    let sample: Sample
}

extension SampleBatch {
    var plain: [PlainSample] {
        refs.indices.map { PlainSample(series: refs[$0].id, sample: Sample(timestamp($0), values[$0])) }
    }

    init(_ samples: [PlainSample]) {
        self.init(
            refs: samples.map { SeriesRef(id: $0.series) }, timestamps: samples.map(\.sample.time),
            values: samples.map { Double(bitPattern: $0.sample.bits) })
    }
}

extension JournalDecoder {
    mutating func decode(_ record: [UInt8], row: Int64) throws -> SampleBatch {
        // A copy, because an `inout` self cannot be captured.
        var copy = self
        defer { self = copy }
        switch try record.withUnsafeBytes({ try copy.decode($0, row: row) }) {
        case .floats(let batch): return batch
        case .side: throw DecodeError("a record of floats was expected")
        }
    }
}

@Suite struct JournalTests {
    /// Batches as scrapes and remote writers send them, and some as nobody does.
    private func randomBatch(_ random: inout SeededGenerator, time: inout Int64) -> SampleBatch {
        time += Int64.random(in: 1...20_000, using: &random)
        let origin = UInt32.random(in: 0...3, using: &random)
        let series = origin * 100..<origin * 100 + 20
        let bits = { (random: inout SeededGenerator) in
            random.chance(60)
                ? Double(Int.random(in: 0...3, using: &random)).bitPattern
                : SampleShape.specialBits.randomElement(using: &random) ?? 0
        }
        switch Int.random(in: 0...3, using: &random) {
        case 0:
            return SampleBatch(
                refs: series.map { SeriesRef(id: $0) }, timestamps: [time],
                values: series.map { _ in Double(bitPattern: bits(&random)) })
        case 1:
            let length = Int.random(in: 1...5, using: &random)
            return SampleBatch(
                series.flatMap { id in
                    (0..<length).map {
                        PlainSample(series: id, sample: Sample(time + Int64($0) * 10, bits: bits(&random)))
                    }
                })
        case 2:
            return SampleBatch(
                series.flatMap { id in
                    (0..<Int.random(in: 0...3, using: &random)).map {
                        PlainSample(series: id, sample: Sample(time + Int64($0 * $0) + Int64(id), bits: bits(&random)))
                    }
                } + [PlainSample(series: .max - 1, sample: Sample(time, bits: bits(&random)))])
        default:
            let count = Int.random(in: 1...5, using: &random)
            return SampleBatch(
                (0..<count).map { _ in
                    PlainSample(
                        series: .random(in: 0...UInt32.max, using: &random),
                        sample: Sample(.random(in: .min ... .max, using: &random), bits: bits(&random)))
                })
        }
    }

    @Test func everyBatchComesBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        var encoder = JournalEncoder()
        var decoder = JournalDecoder()
        var time: Int64 = 0
        for row in 0..<3000 {
            let batch = randomBatch(&random, time: &time)
            if random.chance(1) { encoder.restart() }
            let record = encoder.encode(batch, row: Int64(row))
            #expect(try decoder.decode(record, row: Int64(row)).plain == batch.plain)
        }
    }

    @Test func aDamagedRecordNeverMakesALaterOneLie() {
        var random = SeededGenerator(seed: makeSeed())
        var encoder = JournalEncoder()
        var decoder = JournalDecoder()
        var time: Int64 = 0
        var refused = 0
        for row in 0..<3000 {
            let batch = randomBatch(&random, time: &time)
            var record = encoder.encode(batch, row: Int64(row))
            if random.chance(5) { record[Int.random(in: 0..<record.count, using: &random)] ^= 0x10 }
            if let decoded = try? decoder.decode(record, row: Int64(row)) {
                #expect(decoded.plain == batch.plain)
            } else {
                refused += 1
            }
        }
        #expect(refused > 100 && refused < 2900)
    }

    @Test func afterADamagedRecordTheNextFullOneIsReadAgain() {
        var encoder = JournalEncoder()
        var decoder = JournalDecoder()
        var readAgain = false
        for row in 0..<Int64(JournalLimits.chainLengthMax) * 2 {
            let batch = SampleBatch(refs: [SeriesRef(id: 1)], timestamps: [row], values: [Double(row)])
            var record = encoder.encode(batch, row: row)
            if row == 5 { record[6] ^= 1 }
            let isRead = (try? decoder.decode(record, row: row)) != nil
            if row < 5 { #expect(isRead) }
            if row > 5, !isRead { #expect(!readAgain) }
            if row > 5, isRead { readAgain = true }
        }
        #expect(readAgain)
    }

    @Test func damageBehindARightChecksumNeverTraps() {
        var random = SeededGenerator(seed: makeSeed())
        var encoder = JournalEncoder()
        var time: Int64 = 0
        var decoder = JournalDecoder()
        for row in 0..<6000 {
            var body = Array(encoder.encode(randomBatch(&random, time: &time), row: Int64(row)).dropFirst(4))
            if random.chance(70) {
                body[Int.random(in: 0..<min(30, body.count), using: &random)] = .random(in: 0...255, using: &random)
            }
            if random.chance(10) { body.removeLast(Int.random(in: 0..<body.count, using: &random)) }
            var record: [UInt8] = []
            record.appendFixed32(body.withUnsafeBytes { checksum($0, row: Int64(row)) })
            _ = try? decoder.decode(record + body, row: Int64(row))
        }
    }

    @Test func everyTruncationThrows() {
        var random = SeededGenerator(seed: makeSeed())
        var time: Int64 = 0
        for _ in 0..<20 {
            var encoder = JournalEncoder()
            let record = encoder.encode(randomBatch(&random, time: &time), row: 1)
            for length in 0..<record.count {
                var decoder = JournalDecoder()
                #expect(throws: DecodeError.self) { try decoder.decode(Array(record[..<length]), row: 1) }
            }
        }
    }

    @Test func aScrapeThatMostlyRepeatsTakesLittle() {
        var random = SeededGenerator(seed: 1)
        var encoder = JournalEncoder()
        var values = (0..<200).map { _ in Double(Int.random(in: 0...100, using: &random)) }
        var bytes = 0
        for scrape in 0..<1000 {
            for index in values.indices where random.chance(20) {
                values[index] = Double(Int.random(in: 0...100, using: &random))
            }
            let batch = SampleBatch(
                refs: (1...200).map { SeriesRef(id: $0) }, timestamps: [Int64(scrape) * 15_000],
                values: values)
            bytes += encoder.encode(batch, row: Int64(scrape)).count
        }
        #expect(Double(bytes) / 200_000 < 0.6)
    }

    @Test func rowsAscendAndSegmentsAreTrimmedWhenAllOfThemIsOld() {
        var position = JournalPosition()
        let first = position.next(reaching: -3)
        #expect(first.isFirst && first.row == 1 << 32)
        #expect(position.next(reaching: -5).row == 1 << 32 | 1)
        #expect(position.next(reaching: JournalPosition.segmentMs - 4).row == 1 << 32 | 2)
        let second = position.next(reaching: JournalPosition.segmentMs)
        #expect(second.isFirst && second.row == 2 << 32)
        // A late record lies where the journal is, and goes with what it lies with.
        #expect(position.next(reaching: -100).row == 2 << 32 | 1)
        #expect(position.firstRow(reaching: JournalPosition.segmentMs - 4) == 1 << 32)
        #expect(position.firstRow(reaching: JournalPosition.segmentMs - 3) == 2 << 32)
        #expect(position.firstRow(reaching: .max) == 3 << 32)

        var replayed = JournalPosition()
        for (row, time) in [(first.row, -3), (first.row + 1, JournalPosition.segmentMs - 4), (second.row, nil)] {
            replayed.replayed(row, maxTime: time)
        }
        #expect(replayed.next(reaching: 0).row == 2 << 32 | 1)
        #expect(replayed.firstRow(reaching: JournalPosition.segmentMs - 4) == 1 << 32)
        replayed.removed(before: 3 << 32)
        #expect(replayed.next(reaching: 0).row == 3 << 32)
    }

    @Test func whatLiesBesideComesBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        for row in 0..<Int64(300) {
            let entries = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                let samples: [SideSample] = [
                    .float(.random(in: 0...UInt64.max, using: &random)),
                    .startTime(.random(in: -9...9, using: &random)),
                    .histogram(
                        Histogram(
                            schema: 3, isFloat: false, count: 5, sum: 2, positiveSpans: [.init(offset: 1, length: 2)],
                            positiveBuckets: [2, 3])),
                ]
                return SideEntry(
                    series: .random(in: 0...UInt32.max, using: &random),
                    time: .random(in: .min ... .max, using: &random),
                    sample: samples.randomElement(using: &random) ?? samples[0], isLate: random.chance(50))
            }
            let record = SideRecord.encode(entries[...], row: row)
            var decoder = JournalDecoder()
            guard case .side(let found) = try record.withUnsafeBytes({ try decoder.decode($0, row: row) }) else {
                Issue.record("it was read as floats")
                continue
            }
            #expect(found == entries)
            for length in 0..<record.count {
                #expect(throws: DecodeError.self) {
                    try record[..<length].withUnsafeBytes { try decoder.decode($0, row: row) }
                }
            }
        }
    }
}
