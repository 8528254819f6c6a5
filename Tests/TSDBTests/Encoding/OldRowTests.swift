import Model
import TestSupport
import Testing

@testable import TSDB

/// Rows of encodings that are no longer written, byte for byte as they were, and what they hold.
@Suite struct OldRowTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let hex: String
        let times: @Sendable (Int) -> Int64
        let values: [Double]
    }

    static let rows = [
        Row(testDescription: "one sample", hex: "0201000000000a5ea890f4", times: { _ in 1000 }, values: [5]),
        Row(
            testDescription: "constant", hex: "02ac02f40388df9102b0ea01000000540000a0fdff33", times: scrape,
            values: Array(repeating: 42, count: 300)),
        Row(
            testDescription: "plain, late scrapes",
            hex: """
                028c01f40388a17fb0ea01014598ea016600c6318cc018c631980318c633006318c6600c6318cc018c631980318c63300631
                8c6600c6318cc018c631980318c633006318c6600c6318cc018c631980318c633006318c6600c6318cc018c631984598ea01
                0318c633006300000000020105002260268e4c418c86486d14124080244c04d1c9883190c90da28248100489809a39310632
                1921b450490200913013472620c64324368a09204012260268e4c418c86486d14124080244c04d1c9883190c050090da2824
                810040d466a9a7
                """, times: { scrape($0) + ($0 % 7 == 3 ? 12 : 0) }, values: (0..<140).map { Double($0 * $0 % 23) }),
        Row(
            testDescription: "two places, staleness markers",
            hex: """
                028c01f40388a17fb0ea0100020403020000000000f07f27020000000000f07f27020000000000f07f27020000000000f07f
                0000014100001000800400200100080040020010000014a3b863c6
                """, times: scrape,
            values: (0..<140).map { $0 % 40 == 3 ? StaleMarker.value : Double($0 / 13) / 100 }),
        Row(
            testDescription: "squares", hex: "028c01f403f8bd08d00f00000000060180010c80010c8e3a33fa",
            times: { 1500 + Int64($0) * 1000 }, values: (0..<140).map { Double($0 * $0 * 3) }),
        Row(
            testDescription: "differences",
            hex: """
                0228f403a8da23b0ea0100000000020144004953359410149533594101495335941014953399f0ba7d
                """, times: scrape,
            values: sums((0..<40).map { $0 * $0 % 11 })),
        Row(
            testDescription: "changes of differences",
            hex: """
                0228f403a8da23b0ea01000000e44b9c4a018801ab02c86464c8320032c86464c8320032c86464c8320032c86464c8320032
                c86464c8320032c8646450528f63
                """, times: scrape,
            values: sums(sums((0..<40).map { $0 * $0 % 7 - 3 }, from: 100).map { Int($0) * 50 })),
        Row(
            testDescription: "steps",
            hex: """
                0228f403a8da23b0ea01000000000001c90184081004411004cad11e6a228800aa2ca4cb
                """, times: scrape, values: (0..<40).map { Double($0 / 6 * 7919 % 1000) }),
        Row(
            testDescription: "rare increases",
            hex: """
                0228f403a8da23b0ea0100000080897a0001850290897a4040404000022180545de547
                """, times: scrape,
            values: sums((0..<40).map { $0 % 8 == 0 ? 1_000_000 + $0 : 0 })),
        Row(
            testDescription: "XOR",
            hex: """
                010cf403a8b1073fd5555555555555c1f46dcaaaaaaaaaaaaae1f435e7999999999999b87d0d99e666666666667e1f4271c7
                1c71c71c7c3e84492492492492587d0d3a7c71c71c71c71f0fa1b71bd0bd0bd0bd0f0fa1b31edc48edc48edf0fa1bb184210
                8421084f0fa1b72dc8dc8dc8dc8387d08fc0fc0fc0fc30ca2e01e9
                """, times: { 1500 + Int64($0 * $0) * 1000 }, values: (0..<12).map { 1 / Double($0 + 3) }),
    ]

    private static func scrape(_ index: Int) -> Int64 { 1500 + Int64(index) * 15_000 }

    private static func sums(_ numbers: [Int], from start: Int = 0) -> [Double] {
        var sum = start
        return numbers.map {
            sum += $0
            return Double(sum)
        }
    }

    @Test(arguments: rows) func itsSamplesComeBack(_ row: Row) throws {
        let bytes = try parseHex(row.hex.filter { $0 != "\n" })
        let buffer = SampleBuffer()
        try bytes.withUnsafeBytes {
            var reader = ByteReader($0)
            let header = try SealedChunk.readHeader(&reader, 1000)
            #expect(header.count == row.values.count && header.timesList == nil)
            try SealedChunk.decode($0, row: 7, blockStart: 1000, from: .min, to: .max, into: buffer)
        }
        #expect(buffer.samples == row.values.enumerated().map { Sample(row.times($0.offset), $0.element) })
    }

    /// Bytes with a right checksum around wrong contents.
    @Test(arguments: rows) func damageBehindARightChecksumNeverTraps(_ row: Row) throws {
        var random = SeededGenerator(seed: makeSeed())
        let bytes = try parseHex(row.hex.filter { $0 != "\n" })
        let buffer = SampleBuffer()
        for _ in 0..<2000 {
            var body = Array(bytes.dropLast(4))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 1..<body.count, using: &random)
                body[at] = UInt8.random(in: 0...255, using: &random)
            }
            body.appendFixed32(body.withUnsafeBytes { checksum($0, row: 7) })
            body.withUnsafeBytes {
                try? SealedChunk.decode($0, row: 7, blockStart: 1000, from: .min, to: .max, into: buffer)
            }
            buffer.removeAll()
        }
    }

    private func parseHex(_ text: String) throws -> [UInt8] {
        let digits = try text.map { try #require($0.hexDigitValue) }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
