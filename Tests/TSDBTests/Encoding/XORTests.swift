import Model
import TestSupport
import Testing

@testable import TSDB

/// A stream with the padding that its decoder needs.
func encodeXOR(_ samples: [Sample]) -> (stream: [UInt8], bitCount: Int) {
    var stream = [UInt8](repeating: 0xff, count: samples.count * 20 + 16 + xorDecodePaddingBytes)
    var appender = XORAppender()
    stream.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress, let first = samples.first else { return }
        appender.start(first.time, first.bits, at: base)
        for sample in samples.dropFirst() { appender.append(sample.time, sample.bits, at: base) }
    }
    return (stream, Int(appender.bitCount))
}

func decodeXOR(_ stream: [UInt8], _ bitCount: Int, _ count: Int, _ first: Int64) throws -> [Sample] {
    let buffer = SampleBuffer()
    try stream.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        try TSDB.decodeXOR(base, bitCount: bitCount, count: count, firstTime: first, into: buffer)
    }
    return buffer.samples
}

@Suite struct XORTests {
    @Test(arguments: SampleShape.allCases) func everyBitComesBack(_ shape: SampleShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        for count in [1, 2, 3, 17, 240, 1000] {
            let samples = shape.make(count, using: &random)
            let (stream, bitCount) = encodeXOR(samples)
            #expect(try decodeXOR(stream, bitCount, samples.count, samples[0].time) == samples)
        }
    }

    @Test func bucketBordersComeBack() throws {
        let changes: [Int64] = [
            -129, -128, -1, 0, 1, 127, 128, -8193, -8192, 8191, 8192, -8_388_609, -8_388_608, 8_388_607, 8_388_608,
        ]
        for change in changes {
            let times = [0, 20_000_000, 40_000_000 + change, 60_000_000 + 2 * change]
            let samples = times.map { Sample($0, 1) }
            let (stream, bitCount) = encodeXOR(samples)
            #expect(try decodeXOR(stream, bitCount, 4, 0) == samples)
        }
    }

    @Test func everyTruncationThrows() throws {
        var random = SeededGenerator(seed: makeSeed())
        let samples = SampleShape.decimals.make(50, using: &random)
        let (stream, bitCount) = encodeXOR(samples)
        for bits in 0..<bitCount {
            #expect(throws: DecodeError.self) { try decodeXOR(stream, bits, 50, samples[0].time) }
        }
    }

    @Test(arguments: SampleShape.allCases) func flippedBitsNeverTrap(_ shape: SampleShape) {
        var random = SeededGenerator(seed: makeSeed())
        let samples = shape.make(30, using: &random)
        let (stream, bitCount) = encodeXOR(samples)
        for bit in 0..<bitCount {
            var damaged = stream
            damaged[bit >> 3] ^= 0x80 >> UInt8(bit & 7)
            if let decoded = try? decodeXOR(damaged, bitCount, 30, samples[0].time) { #expect(decoded.count == 30) }
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<2000 {
            let length = Int.random(in: 0...100, using: &random)
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let padded = bytes + [UInt8](repeating: 0, count: xorDecodePaddingBytes)
            _ = try? decodeXOR(padded, length * 8, Int.random(in: 0...400, using: &random), 0)
        }
    }

    @Test func aHugeCountIsRefusedBeforeRoomIsMade() {
        let (stream, bitCount) = encodeXOR([Sample(0, 1), Sample(1, 2)])
        #expect(throws: DecodeError.self) { try decodeXOR(stream, bitCount, 1 << 40, 0) }
    }
}
