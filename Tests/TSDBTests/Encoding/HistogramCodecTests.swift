import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct HistogramCodecTests {
    private func encode(_ histograms: [Histogram]) throws -> [UInt8] {
        var appender = HistogramAppender()
        var bytes: [UInt8] = []
        for histogram in histograms { try appender.append(histogram, to: &bytes) }
        return bytes
    }

    private func decode(_ bytes: [UInt8], _ count: Int) throws -> [Histogram] {
        try bytes.withUnsafeBytes { try HistogramReader.decode($0, count: count) }
    }

    @Test(arguments: HistogramShape.allCases) func everyBitComesBack(_ shape: HistogramShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        for count in [1, 2, 3, 17, 240] {
            for buckets in [4, 20, 160] {
                let histograms = shape.make(count, buckets: buckets, using: &random)
                let decoded = try decode(try encode(histograms), count)
                #expect(decoded.map(HistogramBits.init) == histograms.map(HistogramBits.init))
            }
        }
    }

    @Test(arguments: HistogramShape.allCases) func anAppenderGoesOnBehindWhatWasRead(_ shape: HistogramShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        let histograms = shape.make(60, using: &random)
        let whole = try encode(histograms)
        for count in [0, 1, 2, 30, 59] {
            var bytes = try encode(Array(histograms[..<count]))
            var reader = HistogramReader()
            try bytes.withUnsafeBytes {
                var source = ByteReader($0)
                for _ in 0..<count { _ = try reader.read(from: &source) }
            }
            var appender = HistogramAppender(behind: reader)
            for histogram in histograms[count...] { try appender.append(histogram, to: &bytes) }
            #expect(bytes == whole)
        }
    }

    @Test(arguments: HistogramShape.allCases) func everyTruncationThrows(_ shape: HistogramShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        let histograms = shape.make(12, using: &random)
        let bytes = try encode(histograms)
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) { try decode(Array(bytes[..<length]), 12) }
        }
        #expect(throws: DecodeError.self) { try decode(bytes + [0], 12) }
        #expect(throws: DecodeError.self) { try decode(bytes, 11) }
        #expect(throws: DecodeError.self) { try decode(bytes, .max) }
    }

    @Test(arguments: HistogramShape.allCases) func damageNeverTraps(_ shape: HistogramShape) throws {
        var random = SeededGenerator(seed: makeSeed())
        let bytes = try encode(shape.make(6, buckets: 8, using: &random))
        // 10,000 for each of the shapes.
        for _ in 0..<10_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<damaged.count, using: &random)
                damaged[at] =
                    random.chance(50) ? .random(in: 0...255, using: &random) : damaged[at] ^ 1 << UInt8(at & 7)
            }
            if random.chance(20) { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &random)) }
            _ = try? decode(damaged, 6)
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // A head with a layout and few spans goes further than most bytes do.
            _ = try? decode(bytes, Int.random(in: 0...8, using: &random))
            _ = try? decode([0x10, 1, 3, 0, 0, 0, 1, 2, UInt8.random(in: 0...9, using: &random), 0] + bytes, 3)
        }
    }

    @Test func aStalenessMarkerTakesAByte() throws {
        var random = SeededGenerator(seed: makeSeed())
        let histograms = HistogramShape.counter.make(3, using: &random)
        let marker = Histogram(sum: StaleMarker.value)
        #expect(try encode(histograms + [marker]).count == (try encode(histograms).count) + 1)
        #expect(try encode([marker]).count == 1)
    }

    @Test func anUnchangedHistogramTakesABitPerCount() throws {
        var random = SeededGenerator(seed: makeSeed())
        let histogram = HistogramShape.counter.make(9, buckets: 158, using: &random)[8]
        let bytes = try (1...2).map { try encode(Array(repeating: histogram, count: $0)).count }
        #expect(bytes[1] - bytes[0] == 1 + 160 / 8)
    }

    /// Eight bytes are the sum's; the busy buckets of the middle need a byte or more, the others a bit or two.
    @Test(arguments: [20, 60, 160]) func aCounterTakesFewBitsPerBucket(_ buckets: Int) throws {
        var random = SeededGenerator(seed: makeSeed())
        let bytes = try encode(HistogramShape.counter.make(120, buckets: buckets, using: &random)).count
        #expect(Double(bytes) / 120 < 20 + Double(buckets) / 4)
    }

    @Test func aNewBucketDoesNotCostTheOthers() throws {
        var random = SeededGenerator(seed: makeSeed())
        var histograms = HistogramShape.counter.make(60, buckets: 160, using: &random)
        let steady = try encode(histograms).count
        for index in 30..<60 {
            histograms[index].positiveSpans[0].offset -= 1
            histograms[index].positiveSpans[0].length += 1
            histograms[index].positiveBuckets.insert(0, at: 0)
        }
        #expect(try encode(histograms).count - steady < 20)
    }

    @Test(
        arguments: [
            Histogram(positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [1]),
            Histogram(negativeBuckets: [1]),
            Histogram(positiveSpans: [.init(offset: 0, length: .max)]),
            Histogram(
                positiveSpans: [.init(offset: 0, length: 65_537)],
                positiveBuckets: [Double](repeating: 0, count: 65_537)),
            Histogram(customValues: [Double](repeating: 0, count: 65_537)),
        ])
    func aHistogramThatCannotBeIsRefusedAndLeavesNoTrace(_ wrong: Histogram) throws {
        var random = SeededGenerator(seed: makeSeed())
        let histograms = HistogramShape.counter.make(4, using: &random)
        var appender = HistogramAppender()
        var bytes: [UInt8] = []
        #expect(throws: HistogramError.self) { try appender.append(wrong, to: &bytes) }
        for histogram in histograms {
            try appender.append(histogram, to: &bytes)
            #expect(throws: HistogramError.self) { try appender.append(wrong, to: &bytes) }
            var fewer = histogram
            fewer.positiveBuckets.removeLast()
            #expect(throws: HistogramError.self) { try appender.append(fewer, to: &bytes) }
        }
        #expect(bytes == (try encode(histograms)))
    }
}
