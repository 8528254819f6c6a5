import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct SealedTimesTests {
    private func encode(_ times: [Int64], row: Int64 = 7, start: Int64) -> [UInt8] {
        times.withUnsafeBufferPointer { SealedTimes.encode($0, row: row, blockStart: start) }
    }

    private func decode(_ bytes: [UInt8], row: Int64 = 7, start: Int64) throws -> [Int64] {
        try bytes.withUnsafeBytes { try SealedTimes.decode($0, row: row, blockStart: start) }
    }

    @Test(arguments: SampleShape.allCases) func everyTimestampComesBack(_ shape: SampleShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        for count in [1, 2, 3, 100, 2000] {
            let times = shape.make(count, using: &random).map(\.time)
            #expect(try decode(encode(times, start: times[0]), start: times[0]) == times)
        }
    }

    @Test func everyTruncationAndBitFlipThrows() {
        var random = SeededGenerator(seed: makeSeed())
        let times = SampleShape.jitter.make(40, using: &random).map(\.time)
        let bytes = encode(times, start: times[0])
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) { try decode(Array(bytes[..<length]), start: times[0]) }
        }
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
            #expect(throws: DecodeError.self) { try decode(damaged, start: times[0]) }
        }
        #expect(throws: DecodeError.self) { try decode(bytes, row: 8, start: times[0]) }
    }

    @Test func aRowOfSamplesIsNoListAndTheOtherWayRound() {
        let list = encode([1, 2, 3], start: 0)
        let row = SealedChunk.encode(SampleBuffer([Sample(1, 1)]), row: 7, blockStart: 0)
        #expect(throws: DecodeError.self) { try decode(row, start: 0) }
        #expect(throws: DecodeError.self) {
            try list.withUnsafeBytes {
                try SealedChunk.decode($0, row: 7, blockStart: 0, from: .min, to: .max, into: SampleBuffer())
            }
        }
    }

    @Test func timestampsThatDoNotAscendAreRefused() {
        #expect(throws: DecodeError.self) { try decode(encode([5, 5], start: 0), start: 0) }
        #expect(throws: DecodeError.self) { try decode(encode([5, 4, 9], start: 0), start: 0) }
    }

    /// Two percent are late by a few milliseconds: that is all there is to store.
    @Test func lateScrapesTakeLittle() {
        var random = SeededGenerator(seed: makeSeed())
        let times = (0..<1920).map {
            Int64($0) * 15_000 + (random.chance(2) ? Int64.random(in: 3...40, using: &random) : 0)
        }
        #expect(encode(times, start: 0).count < 1920 / 8)
    }
}
