import Model
import PrometheusData
import TestSupport
import Testing

@testable import RemoteProtocol

/// Prometheus's chunks, damaged at random: `make fuzz-chunks`.
@Suite struct ForeignChunkFuzzTests {
    /// The encoding's number, and the chunk.
    private static func chunk(_ random: inout SeededGenerator) -> [UInt8] {
        let buffer = SampleBuffer()
        let kind = random.number(3)
        var histogram = Histogram(
            schema: 3, isFloat: kind == 2, zeroThreshold: 0.001, zeroCount: 1, count: 4, sum: 2.5,
            positiveSpans: [.init(offset: -5, length: 2), .init(offset: 7, length: 1)], positiveBuckets: [1, 1, 1])
        for index in 0...random.number(20) {
            let time = Int64(index) * 15_000
            if kind == 0 {
                buffer.append(time, random.pick([0, 1, 0.1, .nan, StaleMarker.value, 1e300]))
            } else {
                histogram.positiveBuckets[0] += 1
                histogram.count += 1
                buffer.append(time, histogram)
            }
        }
        var writer = ChunkWriter(buffer)
        guard let chunk = writer.chunk() else { return [] }
        // What is written as one encoding is read as the other one of floats too.
        return [kind == 0 && random.chance(30) ? 4 : chunk.encoding.rawValue] + chunk.data
    }

    @Test func chunksAreDecodedOrRefused() {
        let report = fuzz("foreign chunk", quick: 3000, whole: Self.chunk) { bytes in
            let buffer = SampleBuffer()
            guard let encoding = bytes.first,
                (try? decodeForeignChunk(encoding: encoding, bytes.dropFirst(), into: buffer)) != nil
            else { return .refused }
            for index in 1..<max(buffer.count, 1) where buffer.timestamps[index] <= buffer.timestamps[index - 1] {
                return .wrong("times that do not ascend")
            }
            return buffer.count <= 1 << 16 ? .taken : .wrong("\(buffer.count) samples")
        }
        #expect(report.problem == nil)
    }
}
