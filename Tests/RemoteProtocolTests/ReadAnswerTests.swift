import Model
import Protobuf
import TestSupport
import Testing

@testable import RemoteProtocol

@Suite struct ReadAnswerTests {
    private static let streamed = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"

    private func buffer(_ range: Range<Int64>) -> SampleBuffer {
        let buffer = SampleBuffer()
        for time in range {
            if time % 7 == 0 {
                buffer.append(time * 1000, Histogram(isFloat: true, count: Double(time)))
            } else {
                buffer.append(time * 1000, Double(time))
            }
        }
        return buffer
    }

    private func frames(_ labels: Labels, _ buffer: SampleBuffer) -> [UInt8] {
        var out: [UInt8] = []
        var writer = ChunkWriter(buffer)
        while let chunk = writer.chunk() {
            ReadFrame(labels: labels, chunks: [chunk], queryIndex: 0).append(to: &out)
        }
        return out
    }

    private func samples(_ labels: Labels, _ buffer: SampleBuffer) -> [UInt8] {
        var out = ProtobufWriter()
        out.message(1) { result in
            result.message(1) { series in
                series.labels(1, labels)
                for one in buffer.histograms { series.histogram(4, buffer.timestamps[one.index], one.histogram) }
                let taken = Set(buffer.histograms.map(\.index))
                for index in 0..<buffer.count where !taken.contains(index) {
                    series.sample(2, buffer.timestamps[index], buffer.values[index])
                }
            }
        }
        return snappyCompressed(out.bytes)
    }

    private func decoded(_ body: [UInt8], _ type: String, samplesMax: Int = 10_000) throws -> [ReadSeries] {
        var answer = ReadAnswer(samplesMax: samplesMax)
        try answer.decode(body, contentType: type, decodedBytesMax: 1 << 20)
        return answer.series
    }

    /// Both kinds of answer, and frames that come in disorder and twice.
    @Test func answersAreDecoded() throws {
        let labels: Labels = ["__name__": "load"]
        let all = buffer(0..<500)
        let doubled = frames(labels, buffer(300..<500)) + frames(labels, all)
        for (body, type) in [
            (samples(labels, all), "application/x-protobuf"), (frames(labels, all), Self.streamed),
            (doubled, Self.streamed),
        ] {
            let series = try decoded(body, type)
            #expect(series.map(\.labels) == [labels])
            let found = try #require(series.first?.samples)
            #expect(found.byTime?.keys.sorted() == all.byTime?.keys.sorted())
            #expect(found.histograms.map(\.index) == all.histograms.map(\.index))
        }
    }

    @Test func answersOfTooMuchAreRefused() throws {
        let labels: Labels = ["__name__": "load"]
        for (body, type) in [
            (samples(labels, buffer(0..<500)), ""), (frames(labels, buffer(0..<500)), Self.streamed),
        ] {
            #expect(throws: ReadAnswerError.self) { try decoded(body, type, samplesMax: 499) }
        }
        // A block that unpacks to more than may be.
        let bomb = snappyCompressed([UInt8](repeating: 0, count: 2 << 20))
        #expect(throws: ReadAnswerError.self) { try decoded(bomb, "application/x-protobuf") }
        #expect(throws: ReadAnswerError.self) { try decoded([1, 2], "text/html") }
    }

    /// Each chunk but the first comes behind what there is, or lies within it.
    @Test func chunksInAndOutOfOrderAreMerged() throws {
        let labels: Labels = ["__name__": "load"]
        let orders: [[Range<Int64>]] = [
            [0..<200, 200..<400, 400..<401], [0..<200, 200..<400, 100..<300], [300..<400, 0..<10, 5..<350],
        ]
        for parts in orders {
            let body = parts.flatMap { frames(labels, buffer($0)) }
            let found = try #require(try decoded(body, Self.streamed).first?.samples)
            let times = Set(parts.flatMap { $0.map { $0 * 1000 } }).sorted()
            #expect((0..<found.count).map { found.timestamps[$0] } == times)
            let histograms = times.enumerated().filter { $0.element % 7000 == 0 }.map(\.offset)
            #expect(found.histograms.map(\.index) == histograms)
        }
    }

    /// They take as much memory as many samples.
    @Test func bucketsCount() throws {
        let labels: Labels = ["__name__": "load"]
        let wide = SampleBuffer()
        for time in 0..<10 as Range<Int64> {
            wide.append(
                time,
                Histogram(
                    isFloat: true, count: 1000, positiveSpans: [.init(offset: 0, length: 1000)],
                    positiveBuckets: [Double](repeating: 1, count: 1000)))
        }
        for (body, type) in [(samples(labels, wide), ""), (frames(labels, wide), Self.streamed)] {
            #expect(throws: ReadAnswerError.self) { try decoded(body, type, samplesMax: 4000) }
            #expect(try decoded(body, type, samplesMax: 6000).first?.samples.count == 10)
        }
    }

    @Test func damagedAnswersNeverTrap() throws {
        var random = SeededGenerator(seed: makeSeed())
        let labels: Labels = ["__name__": "load", "gpu": "0"]
        let whole = frames(labels, buffer(0..<300))
        for length in stride(from: 0, to: whole.count, by: 37) {
            _ = try? decoded(Array(whole[..<length]), Self.streamed)
        }
        for _ in 0..<200 {
            var bytes = whole
            bytes[random.number(bytes.count)] ^= UInt8(1 << random.number(8))
            #expect(throws: ReadAnswerError.self) { try decoded(bytes, Self.streamed) }
        }
        let plain = samples(labels, buffer(0..<300))
        let content = try plain.withUnsafeBytes { try snappyDecompressed($0, bytesMax: 1 << 20) }
        for _ in 0..<200 {
            var bytes = content
            for _ in 0...random.number(3) { bytes[random.number(bytes.count)] = UInt8(random.number(256)) }
            _ = try? decoded(snappyCompressed(bytes), "")
        }
    }
}
