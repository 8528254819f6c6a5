import Model
import PrometheusData
import TestSupport
import Testing

@testable import RemoteProtocol

/// What is written as Prometheus's chunks is read back by what reads Prometheus's own files.
@Suite struct ChunkTests {
    private func chunks(_ buffer: SampleBuffer) -> [SeriesChunk] {
        var writer = ChunkWriter(buffer)
        var result: [SeriesChunk] = []
        while let chunk = writer.chunk() { result.append(chunk) }
        return result
    }

    private func check(_ buffer: SampleBuffer, atLeast count: Int = 1) throws {
        let written = chunks(buffer)
        #expect(written.count >= count)
        let read = SampleBuffer()
        for chunk in written {
            let first = read.count
            try decodeForeignChunk(encoding: chunk.encoding.rawValue, chunk.data, into: read)
            #expect(read.timestamps[first] == chunk.minTime && read.timestamps[read.count - 1] == chunk.maxTime)
            #expect(read.count - first <= SeriesChunk.samplesMax)
        }
        try #require(read.count == buffer.count)
        for index in 0..<read.count {
            #expect(read.timestamps[index] == buffer.timestamps[index])
            #expect(read.values[index].bitPattern == buffer.values[index].bitPattern)
        }
        try #require(read.histograms.map(\.index) == buffer.histograms.map(\.index))
        for (read, written) in zip(read.histograms, buffer.histograms) {
            var (read, written) = (read.histogram, written.histogram)
            // Between two of one chunk none has reset, which may not have been said.
            if read.counterReset == .notReset { written.counterReset = .notReset }
            if written.isStale { written = Histogram(isFloat: written.isFloat, sum: StaleMarker.value) }
            if read.isStale { read.counterReset = .unknown }
            #expect(read == written || read.isStale && written.isStale && read.isFloat == written.isFloat)
        }
    }

    @Test func floatsOfAllKindsComeBack() throws {
        var random = SeededGenerator(seed: makeSeed())
        let special: [Double] = [0, -0.0, .infinity, -.infinity, .ordinaryNaN, StaleMarker.value, 5e-324, .pi]
        for _ in 0..<50 {
            let buffer = SampleBuffer()
            var time = Int64(random.number(1 << 40)) - 1 << 39
            for _ in 0..<random.number(400) + 1 {
                let value = random.chance(20) ? random.pick(special) : Double(random.number(1000)) / 8
                buffer.append(time, random.chance(5) ? Double(bitPattern: random.next()) : value)
                time += random.chance(90) ? 15_000 : 1 + Int64(random.number(1 << random.number(40)))
            }
            try check(buffer)
        }
    }

    @Test func distancesOfEveryWidthComeBack() throws {
        let buffer = SampleBuffer()
        var time: Int64 = 0
        buffer.append(time, 1)
        for width in 1..<58 {
            for change in [(1 << width) - 1, 1 << width, (1 << width) + 1] {
                time += Int64(change)
                buffer.append(time, Double(width))
                time += 1
                buffer.append(time, Double(change))
            }
        }
        try check(buffer)
        let extremes = SampleBuffer()
        for time in [Int64.min, 0, Int64.max] { extremes.append(time, 1) }
        try check(extremes)
    }

    private func histogram(_ random: inout SeededGenerator, isFloat: Bool, isGauge: Bool) -> Histogram {
        let counts = (0..<4).map { _ in Double(random.number(1000)) + (isFloat ? 0.25 : 0) }
        return Histogram(
            schema: 3, isFloat: isFloat, counterReset: isGauge ? .gauge : .unknown,
            zeroThreshold: random.chance(50) ? 0.001 : 0x1p-128, zeroCount: 2, count: 2 + counts.reduce(0, +),
            sum: Double(random.number(100)) / 3,
            positiveSpans: [.init(offset: -5, length: 2), .init(offset: 7, length: 1)],
            negativeSpans: [.init(offset: 0, length: 1)], positiveBuckets: Array(counts[..<3]),
            negativeBuckets: [counts[3]])
    }

    @Test(arguments: [false, true], [false, true])
    func histogramsComeBack(_ isFloat: Bool, _ isGauge: Bool) throws {
        var random = SeededGenerator(seed: makeSeed())
        let buffer = SampleBuffer()
        for index in 0..<500 {
            let time = Int64(index) * 15_000
            if random.chance(3) {
                buffer.append(time, Histogram(isFloat: isFloat, sum: StaleMarker.value))
            } else if random.chance(3) {
                buffer.append(time, 17)
            } else {
                buffer.append(time, histogram(&random, isFloat: isFloat, isGauge: isGauge))
            }
        }
        // Where values are asked for, a histogram's is its sum.
        for one in buffer.histograms where one.histogram.isStale { buffer.values[one.index] = StaleMarker.value }
        try check(buffer, atLeast: 5)
    }

    @Test func countersThatGrowShareAChunkAndResetsBeginOne() throws {
        let buffer = SampleBuffer()
        for index in 0..<60 {
            let grown = Double(index % 30)
            buffer.append(
                Int64(index) * 1000,
                Histogram(
                    isFloat: false, count: grown, sum: grown, positiveSpans: [.init(offset: 0, length: 1)],
                    positiveBuckets: [grown]))
        }
        #expect(chunks(buffer).count == 2)
        try check(buffer)
    }

    @Test func boundsOfCustomBucketsComeBack() throws {
        let bounds = [-1, 0.005, 0.01, 0.25, 1, 2.5, 1 / 3.0, 33_554.43, 1e300]
        let buffer = SampleBuffer()
        buffer.append(
            1000,
            Histogram(
                schema: Histogram.customSchema, isFloat: false, count: 3, sum: 4,
                positiveSpans: [.init(offset: 0, length: 1)], positiveBuckets: [3], customValues: bounds))
        try check(buffer)
    }

    @Test func truncatedAndAlteredChunksThrowOrDecode() throws {
        var random = SeededGenerator(seed: makeSeed())
        let buffer = SampleBuffer()
        for index in 0..<100 {
            buffer.append(Int64(index) * 15_000 + Int64(random.number(9)), Double(random.number(9)))
        }
        for index in 100..<130 {
            buffer.append(Int64(index) * 15_000, histogram(&random, isFloat: index % 2 == 0, isGauge: false))
        }
        for chunk in chunks(buffer) {
            for length in 0..<chunk.data.count where length != 0 {
                let read = SampleBuffer()
                #expect(throws: ForeignChunkError.self) {
                    try decodeForeignChunk(encoding: chunk.encoding.rawValue, chunk.data[..<length], into: read)
                }
            }
            for _ in 0..<500 {
                var data = chunk.data
                data[random.number(data.count)] ^= UInt8(1 << random.number(8))
                try? decodeForeignChunk(encoding: chunk.encoding.rawValue, data, into: SampleBuffer())
                try? decodeForeignChunk(encoding: UInt8(random.number(5)), data, into: SampleBuffer())
            }
        }
    }
}
