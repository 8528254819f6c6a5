import Model
import TestSupport
import Testing

@testable import TSDB

/// What the database holds, damaged at random behind right checksums: `make fuzz-chunks`.
@Suite struct ChunkFuzzTests {
    private static let row: Int64 = 7
    private static let samplesMax = 40

    /// `bytes` without their checksum, or with a new one.
    private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        var sealed = bytes
        sealed.appendFixed32(bytes.withUnsafeBytes { checksum($0, row: row) })
        return sealed
    }

    private static func samples(_ random: inout SeededGenerator) -> [Sample] {
        random.pick(SampleShape.allCases).make(1 + random.number(samplesMax), using: &random)
    }

    private static func ascend(_ times: some Sequence<Int64>) -> Bool {
        var last: Int64?
        for time in times {
            if let last, time <= last { return false }
            last = time
        }
        return true
    }

    private static func times(_ buffer: SampleBuffer) -> UnsafeBufferPointer<Int64> {
        UnsafeBufferPointer(start: UnsafePointer(buffer.timestamps), count: buffer.count)
    }

    @Test func chunksInMemoryAreDecodedOrRefused() {
        let report = fuzz("xor", quick: 3000) { random in
            let samples = Self.samples(&random)
            let (stream, bitCount) = encodeXOR(samples)
            // Their number goes in front, as it lies beside them in memory.
            return [UInt8(samples.count)] + stream[..<((bitCount + 7) / 8)]
        } decode: { bytes in
            guard let count = bytes.first.map(Int.init), bytes.count > 1 else { return .refused }
            let padded = bytes.dropFirst() + [UInt8](repeating: 0, count: xorDecodePaddingBytes)
            guard let decoded = try? decodeXOR(Array(padded), (bytes.count - 1) * 8, count, 0) else { return .refused }
            return decoded.count == count ? .taken : .wrong("\(decoded.count) samples of \(count)")
        }
        #expect(report.problem == nil)
    }

    @Test(arguments: [false, true]) func rowsAreDecodedOrRefused(_ isShared: Bool) {
        let list = (0..<20).map { Int64($0) * 15_000 }
        let encoder = SealedEncoder()
        let report = fuzz(isShared ? "row, shared times" : "row", quick: 2000) { random in
            if isShared {
                let samples = zip(list, random.pick(SampleShape.allCases).make(list.count, using: &random)).map {
                    Sample($0, bits: $1.bits)
                }
                return SealedChunk.encode(SampleBuffer(samples), row: Self.row, blockStart: 0, sharedTimes: 3).dropLast(
                    4)
            }
            let buffer = SampleBuffer(Self.samples(&random))
            return BlockRow.encode(buffer, row: Self.row, sharedTimes: nil, encoder).dropLast(4)
        } decode: { bytes in
            Self.rowVerdict(bytes, list)
        }
        #expect(report.problem == nil)
    }

    @Test func rowsWithHistogramsAreDecodedOrRefused() {
        let encoder = SealedEncoder()
        let report = fuzz("row, histograms", quick: 1000) { random in
            let histograms = random.pick(HistogramShape.allCases).make(
                1 + random.number(10), buckets: 6, using: &random)
            let buffer = SampleBuffer()
            for (index, histogram) in histograms.enumerated() {
                buffer.setStartTime(random.chance(50) ? 0 : 5)
                if random.chance(30) { buffer.append(Int64(index) * 1000 - 1, 5) }
                buffer.append(Int64(index) * 1000, histogram)
            }
            return BlockRow.encode(buffer, row: Self.row, sharedTimes: nil, encoder).dropLast(4)
        } decode: { bytes in
            Self.rowVerdict(bytes, [])
        }
        #expect(report.problem == nil)
    }

    private static func rowVerdict(_ bytes: [UInt8], _ list: [Int64]) -> FuzzVerdict {
        let buffer = SampleBuffer()
        let isRead = list.withUnsafeBufferPointer { list in
            sealed(bytes).withUnsafeBytes { row in
                do throws(DecodeError) {
                    try BlockRow.decode(
                        row, row: Self.row, blockStart: 0, from: .min, to: .max, into: buffer,
                        times: { (number) throws(DecodeError) in
                            guard number == 3 else { throw DecodeError("there is no list \(number)") }
                            return list
                        })
                    return true
                } catch {
                    return false
                }
            }
        }
        guard isRead else { return buffer.count == 0 ? .refused : .wrong("left samples in the buffer") }
        return ascend(times(buffer)) ? .taken : .wrong("times that do not ascend")
    }

    @Test func listsOfTimesAreDecodedOrRefused() {
        let report = fuzz("times", quick: 3000) { random in
            let times = Self.samples(&random).map(\.time)
            return times.withUnsafeBufferPointer { SealedTimes.encode($0, row: Self.row, blockStart: 0) }.dropLast(4)
        } decode: { bytes in
            let times = Self.sealed(bytes).withUnsafeBytes { try? SealedTimes.decode($0, row: Self.row, blockStart: 0) }
            guard let times else { return .refused }
            return Self.ascend(times) ? .taken : .wrong("times that do not ascend")
        }
        #expect(report.problem == nil)
    }

    @Test func recordsOfTheJournalAreDecodedOrRefused() {
        var encoder = JournalEncoder()
        let report = fuzz("journal", quick: 3000) { random in
            encoder.restart()
            let count = 1 + random.number(20)
            let refs = (0..<count).map { _ in SeriesRef(id: UInt32(truncatingIfNeeded: random.number(50))) }
            let values = random.pick(SampleShape.allCases).make(count, using: &random).map {
                Double(bitPattern: $0.bits)
            }
            let times = random.chance(50) ? [Int64(5)] : (0..<count).map { Int64($0) * 1000 }
            let batch = SampleBatch(refs: refs, timestamps: times, values: values)
            return Array(encoder.encode(batch, row: Self.row).dropFirst(4))
        } decode: { bytes in
            var record: [UInt8] = []
            record.appendFixed32(bytes.withUnsafeBytes { checksum($0, row: Self.row) })
            var decoder = JournalDecoder()
            let read = (record + bytes).withUnsafeBytes { try? decoder.decode($0, row: Self.row) }
            guard case .floats(let batch) = read else { return read == nil ? .refused : .taken }
            return batch.refs.count <= JournalLimits.samplesMax ? .taken : .wrong("\(batch.refs.count) samples")
        }
        #expect(report.problem == nil)
    }
}
