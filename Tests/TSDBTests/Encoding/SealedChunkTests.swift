import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct SealedChunkTests {
    private func decode(
        _ bytes: [UInt8], row: Int64 = 7, start: Int64, from: Int64 = .min, to: Int64 = .max, list: [Sample]? = nil
    ) throws -> [Sample] {
        let times = list.map { $0.map(\.time) }
        let buffer = SampleBuffer()
        buffer.append(-1, -1)
        try (times ?? []).withUnsafeBufferPointer { times in
            try bytes.withUnsafeBytes {
                try SealedChunk.decode(
                    $0, row: row, blockStart: start, from: from, to: to, into: buffer,
                    times: { (number) throws(DecodeError) in
                        guard number == 3 else { throw DecodeError("there is no list \(number)") }
                        return times
                    })
            }
        }
        #expect(buffer.samples[0] == Sample(-1, -1))
        return Array(buffer.samples.dropFirst())
    }

    @Test(arguments: SampleShape.allCases) func everyBitComesBack(_ shape: SampleShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        for count in [1, 2, 3, 127, 128, 129, 480, 2000] {
            let samples = shape.make(count, using: &random)
            let start = samples[0].time &- Int64.random(in: 0...1000, using: &random)
            let bytes = SealedChunk.encode(SampleBuffer(samples), row: 7, blockStart: start)
            #expect(try decode(bytes, start: start) == samples)
            let low = samples[count / 3].time
            let high = samples[count / 2].time
            let wanted = samples.filter { $0.time >= low && $0.time <= high }
            #expect(try decode(bytes, start: start, from: low, to: high) == wanted)
            let shared = SealedChunk.encode(SampleBuffer(samples), row: 7, blockStart: start, sharedTimes: 3)
            #expect(shared.count <= bytes.count)
            #expect(try decode(shared, start: start, list: samples) == samples)
            #expect(try decode(shared, start: start, from: low, to: high, list: samples) == wanted)
        }
    }

    @Test(arguments: SampleShape.allCases) func everyTruncationAndBitFlipThrows(_ shape: SampleShape) {
        var random = SeededGenerator(seed: makeSeed())
        let samples = shape.make(20, using: &random)
        let bytes = SealedChunk.encode(SampleBuffer(samples), row: 7, blockStart: samples[0].time)
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) { try decode(Array(bytes[..<length]), start: samples[0].time) }
        }
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
            #expect(throws: DecodeError.self) { try decode(damaged, start: samples[0].time) }
        }
    }

    @Test func theHeaderTellsWhatThePayloadHolds() throws {
        let samples = SampleBuffer([Sample(10, 1), Sample(25, 2), Sample(70, 4)])
        for list in [nil, 0, 7, UInt16.max] as [UInt16?] {
            let bytes = SealedChunk.encode(samples, row: 7, blockStart: 5, sharedTimes: list)
            let header = try bytes.withUnsafeBytes {
                var reader = ByteReader($0)
                return try SealedChunk.readHeader(&reader, 5)
            }
            #expect(
                header
                    == SealedChunk.Header(encoding: .columns, count: 3, minTime: 10, maxTime: 70, timesList: list))
        }
    }

    @Test func aListOfOtherTimestampsIsRefused() {
        let samples = [Sample(10, 1), Sample(25, 2), Sample(70, 4)]
        let bytes = SealedChunk.encode(SampleBuffer(samples), row: 7, blockStart: 5, sharedTimes: 3)
        let unknown = SealedChunk.encode(SampleBuffer(samples), row: 7, blockStart: 5, sharedTimes: 4)
        for list in [[], Array(samples.dropLast()), samples + [Sample(80, 1)], [Sample(9, 1)] + samples.dropFirst()] {
            #expect(throws: DecodeError.self) { try decode(bytes, start: 5, list: list) }
        }
        #expect(throws: DecodeError.self) { try decode(unknown, start: 5, list: samples) }
    }

    @Test func anotherRowsBytesAreRefused() {
        let bytes = SealedChunk.encode(SampleBuffer([Sample(1, 1)]), row: 7, blockStart: 0)
        #expect(throws: DecodeError.self) { try decode(bytes, row: 8, start: 0) }
    }

    /// Bytes with a right checksum around wrong contents: what the checksum does not catch must not trap either.
    @Test(arguments: SampleShape.allCases) func damageBehindARightChecksumNeverTraps(_ shape: SampleShape) {
        var random = SeededGenerator(seed: makeSeed())
        let samples = shape.make(shape == .stretches ? 600 : 150, using: &random)
        for list in [nil, 3] as [UInt16?] {
            let bytes = SealedChunk.encode(
                SampleBuffer(samples), row: 7, blockStart: samples[0].time, sharedTimes: list)
            for round in 0..<3000 {
                var body = Array(bytes.dropLast(4))
                // Most of what can go wrong is in front.
                let end = round % 2 == 0 ? min(body.count, 60) : body.count
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    body[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if random.chance(20) { body.removeLast(Int.random(in: 0..<body.count, using: &random)) }
                body.appendFixed32(body.withUnsafeBytes { checksum($0, row: 7) })
                _ = try? decode(body, start: samples[0].time, list: samples)
            }
        }
    }
}

@Suite struct VarintTests {
    @Test func bordersComeBack() throws {
        for value in [0, 1, 127, 128, 16_383, 16_384, UInt64(1) << 63, .max] {
            var bytes: [UInt8] = []
            bytes.appendVarint(value)
            bytes.appendZigzag(Int64(bitPattern: value))
            try bytes.withUnsafeBytes {
                var reader = ByteReader($0)
                let number = try reader.varint()
                let signed = try reader.zigzag()
                #expect(number == value && signed == Int64(bitPattern: value))
                #expect(reader.remaining == 0)
            }
        }
    }

    @Test(arguments: [[], [0x80], [UInt8](repeating: 0xff, count: 10), [UInt8](repeating: 0x80, count: 11)])
    func badNumbersThrow(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes {
            var reader = ByteReader($0)
            #expect(throws: DecodeError.self) { try reader.varint() }
        }
    }
}
