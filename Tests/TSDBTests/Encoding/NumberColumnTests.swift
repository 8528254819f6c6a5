import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct NumberColumnTests {
    private func roundTrip(_ numbers: [Int64]) throws -> (bytes: [UInt8], decoded: [Int64]) {
        var bytes: [UInt8] = []
        numbers.withUnsafeBufferPointer { numbers in
            if let base = numbers.baseAddress { NumberColumnEncoder().append(base, numbers.count, to: &bytes) }
        }
        var decoded = [Int64](repeating: 77, count: numbers.count)
        let padded = bytes + [UInt8](repeating: 0xff, count: xorDecodePaddingBytes)
        try padded.withUnsafeBytes { padded in
            try decoded.withUnsafeMutableBufferPointer { decoded in
                guard let base = decoded.baseAddress else { return }
                var reader = ByteReader(UnsafeRawBufferPointer(rebasing: padded[..<bytes.count]))
                try reader.numberColumn(decoded.count, into: base)
                let left = reader.remaining
                #expect(left == 0)
            }
        }
        return (bytes, decoded)
    }

    @Test func everyWidthAndOrderComesBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        for width in 0...64 {
            let mask = width == 64 ? UInt64.max : 1 << UInt64(width) - 1
            for shape in 0..<6 {
                var numbers: [Int64] = [Int64.random(in: -9...9, using: &random)]
                var slope: Int64 = 0
                for _ in 0..<Int.random(in: 1...300, using: &random) {
                    let x = Int64(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random) & mask)
                    let last = numbers[numbers.count - 1]
                    switch shape {
                    case 0: numbers.append(x)
                    case 1: numbers.append(last &+ x)
                    case 2:
                        slope &+= x
                        numbers.append(last &+ slope)
                    case 3: numbers.append(random.chance(70) ? last : x)
                    case 4: numbers.append(random.chance(70) ? last : last &+ x)
                    default: numbers.append(x &* 15)
                    }
                }
                #expect(try roundTrip(numbers).decoded == numbers)
            }
        }
    }

    /// Multiples of a large number, as the bits of doubles with few digits are, over all there are, some of them frequent.
    @Test func multiplesOverTheWholeRangeComeBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        for round in 0..<3000 {
            let shift = UInt64(round % 60 + 1)
            let factor = (UInt64(random.number(16)) * 2 + 1) << shift
            let values = (0..<random.number(30) + 2).map { _ in
                (UInt64.random(in: 0...UInt64.max, using: &random) / factor &* factor) &+ (1 << 63)
            }
            let numbers = (0..<random.number(400) + 2).map { _ in
                Int64(bitPattern: values[min(random.number(values.count), random.number(values.count))])
            }
            #expect(try roundTrip(numbers).decoded == numbers, "round \(round)")
        }
    }

    @Test(arguments: [
        [5], [5, 5], [5, 6], [.min, .max], [.min, .max, .min], [.max, .min, 0, 1, -1],
        [Int64](repeating: .min, count: 1000), [0, 0, 0, 0, 0, 0, 1],
    ]) func bordersComeBack(_ numbers: [Int64]) throws {
        #expect(try roundTrip(numbers).decoded == numbers)
    }

    /// Each stretch has a level and a spread of its own, of all sizes there are.
    @Test func stretchesOfManyScalesComeBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<200 {
            var numbers: [Int64] = []
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let level = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 1...63, using: &random)
                let spread = Int64.random(in: 0 ... .max, using: &random) >> Int64.random(in: 1...63, using: &random)
                for _ in 0..<Int.random(in: 1...100, using: &random) {
                    numbers.append(level &+ Int64.random(in: 0...spread, using: &random))
                }
            }
            #expect(try roundTrip(numbers).decoded == numbers)
        }
    }

    @Test(
        arguments: [
            ([5], 2), (Array(repeating: 7, count: 10_000), 2), (Array(stride(from: 0, to: 150_000_000, by: 15_000)), 5),
            ((0..<10_000).map { $0 < 5000 ? 3 : 1_000_000 }, 40),
        ] as [([Int64], Int)])
    func evenNumbersTakeAFewBytes(_ numbers: [Int64], _ bytesMax: Int) throws {
        let found = try roundTrip(numbers)
        #expect(found.decoded == numbers && found.bytes.count <= bytesMax)
    }

    /// Of symbols that are the less frequent the higher they are, the cost is known.
    @Test func skewedNumbersTakeTheirEntropy() throws {
        var random = SeededGenerator(seed: makeSeed())
        let numbers = (0..<5000).map { _ in Int64(UInt32.random(in: 0...UInt32.max, using: &random).leadingZeroBitCount)
        }
        let found = try roundTrip(numbers)
        #expect(found.decoded == numbers)
        // Two bits each.
        #expect(found.bytes.count < 1250 * 105 / 100)
    }

    @Test func aCommonFactorIsNotStored() throws {
        var random = SeededGenerator(seed: makeSeed())
        let numbers = (0..<2000).map { _ in Int64.random(in: 0..<256, using: &random) * 1_000_003 - 77 }
        let found = try roundTrip(numbers)
        #expect(found.decoded == numbers && found.bytes.count < 2200)
    }

    @Test func weightsAddUpToTheTable() {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<500 {
            let log = Int.random(in: 5...10, using: &random)
            let symbols = Int.random(in: 1...min(64, 1 << log), using: &random)
            let counts = (0..<symbols).map { _ in 1 << Int.random(in: 0...20, using: &random) }
            let weights = SymbolCoder.weights(counts, log: log)
            #expect(weights.allSatisfy { $0 > 0 } && weights.reduce(0) { $0 + Int($1) } == 1 << log)
        }
    }
}
