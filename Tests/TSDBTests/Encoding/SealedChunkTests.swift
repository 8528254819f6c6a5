import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct SealedChunkTests {
    private func decode(
        _ bytes: [UInt8], row: Int64 = 7, start: Int64, from: Int64 = .min, to: Int64 = .max
    ) throws -> [Sample] {
        let buffer = SampleBuffer()
        buffer.append(-1, -1)
        try bytes.withUnsafeBytes {
            try SealedChunk.decode($0, row: row, blockStart: start, from: from, to: to, into: buffer)
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

    @Test func anotherRowsBytesAreRefused() {
        let bytes = SealedChunk.encode(SampleBuffer([Sample(1, 1)]), row: 7, blockStart: 0)
        #expect(throws: DecodeError.self) { try decode(bytes, row: 8, start: 0) }
    }

    /// Bytes with a right checksum around wrong contents: what the checksum does not catch must not trap either.
    @Test(arguments: SampleShape.allCases) func damageBehindARightChecksumNeverTraps(_ shape: SampleShape) {
        var random = SeededGenerator(seed: makeSeed())
        let samples = shape.make(150, using: &random)
        let bytes = SealedChunk.encode(SampleBuffer(samples), row: 7, blockStart: samples[0].time)
        for _ in 0..<3000 {
            var body = Array(bytes.dropLast(4))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<min(body.count, 40), using: &random)
                body[at] = UInt8.random(in: 0...255, using: &random)
            }
            if random.chance(20) { body.removeLast(Int.random(in: 0..<body.count, using: &random)) }
            body.appendFixed32(body.withUnsafeBytes { checksum($0, row: 7) })
            _ = try? decode(body, start: samples[0].time)
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

@Suite struct IntegerColumnTests {
    private func roundTrip(_ numbers: [Int64], withFirst: Bool) throws -> (bytes: Int, decoded: [Int64])? {
        var bytes: [UInt8] = []
        guard numbers.withUnsafeBufferPointer({ bytes.appendColumn($0, withFirst: withFirst) }) else { return nil }
        var decoded = [Int64](repeating: 77, count: numbers.count)
        let padded = bytes + [UInt8](repeating: 0xff, count: bitPaddingBytes)
        try padded.withUnsafeBytes { padded in
            try decoded.withUnsafeMutableBufferPointer { decoded in
                guard let base = decoded.baseAddress else { return }
                var reader = ByteReader(UnsafeRawBufferPointer(rebasing: padded[..<bytes.count]))
                try reader.column(numbers.count, first: withFirst ? nil : numbers[0], into: base)
                let left = reader.remaining
                #expect(left == 0)
            }
        }
        return (bytes.count, decoded)
    }

    @Test func everyWidthAndFormComesBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        for width in 0...57 {
            let high = width == 0 ? 0 : Int64(1) << Int64(width) - 1
            for shape in 0..<5 {
                var numbers: [Int64] = [0]
                var slope: Int64 = 0
                for _ in 0..<Int.random(in: 1...300, using: &random) {
                    let x = Int64.random(in: 0...max(high, 0), using: &random)
                    let last = numbers[numbers.count - 1]
                    switch shape {
                    case 0: numbers.append(x)
                    case 1: numbers.append(last &+ x)
                    case 2:
                        slope &+= x
                        numbers.append(last &+ slope)
                    case 3: numbers.append(random.chance(70) ? last : x)
                    default: numbers.append(random.chance(70) ? last : last &+ x)
                    }
                }
                for withFirst in [true, false] {
                    if let found = try roundTrip(numbers, withFirst: withFirst) { #expect(found.decoded == numbers) }
                }
            }
        }
    }

    @Test(
        arguments: [
            ([5], 1), (Array(repeating: 7, count: 10_000), 3), (Array(stride(from: 0, to: 150_000_000, by: 15_000)), 5),
        ] as [([Int64], Int)])
    func evenNumbersTakeAFewBytes(_ numbers: [Int64], _ bytesMax: Int) throws {
        let found = try roundTrip(numbers, withFirst: true)
        #expect(found?.decoded == numbers && found?.bytes ?? .max <= bytesMax)
    }

    @Test func aGaugeAndACounterAreStoredAsDecimals() {
        var random = SeededGenerator(seed: makeSeed())
        for shape in [SampleShape.flat, .counter, .gauge, .decimals, .stale] {
            let samples = shape.make(480, using: &random)
            let bytes = SealedChunk.encode(SampleBuffer(samples), row: 1, blockStart: samples[0].time)
            #expect(bytes[0] == SealedChunk.Encoding.decimal.rawValue || shape == .stale)
            if shape == .flat { #expect(bytes.count < 24) }
            if shape == .gauge { #expect(bytes.count < 480) }
        }
        let samples = SampleShape.randomBits.make(480, using: &random)
        let bytes = SealedChunk.encode(SampleBuffer(samples), row: 1, blockStart: samples[0].time)
        #expect(bytes[0] == SealedChunk.Encoding.xor.rawValue)
    }
}
