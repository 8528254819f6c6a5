import Model
import TestSupport
import Testing

@testable import PrometheusData

/// What Prometheus 3.14 can write and 3.5 cannot: floats in the encoding XOR2, and records with start times. No such
/// Prometheus is at hand, so that the bytes are made here, after the layout that it documents.
@Suite struct StartTimeTests {
    struct Sample: Equatable {
        var time: Int64
        var start: Int64
        var value: UInt64
    }

    private static func samples(_ count: Int, withStarts: Bool, _ random: inout SeededGenerator) -> [Sample] {
        var time: Int64 = 1_700_000_000_000
        var start: Int64 = withStarts && Bool.random(using: &random) ? time - 5000 : 0
        var value = 1.0
        return (0..<count).map { _ in
            let jitter: ClosedRange<Int64> = [0...0, -3...3, -5000...5000, -500_000...500_000][
                Int.random(in: 0..<4, using: &random)]
            time += max(1, 600_000 + Int64.random(in: jitter, using: &random))
            if Int.random(in: 0..<500, using: &random) == 0 { time += 1 << 40 }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: value = Double.random(in: -1...1, using: &random)
            case 1: value += 1
            default: break
            }
            if withStarts, Int.random(in: 0..<20, using: &random) == 0 { start = time - 1000 }
            let isStale = Int.random(in: 0..<15, using: &random) == 0
            return Sample(
                time: time, start: start, value: isStale ? StaleMarker.bitPattern : value.bitPattern)
        }
    }

    @Test(arguments: [false, true]) func xor2ChunksAreRead(withStarts: Bool) throws {
        var random = SeededGenerator(seed: makeSeed())
        for round in 0..<200 {
            let count = [1, 2, 3, 120, 127, 128, 129, 300][round % 8]
            let expected = Self.samples(count, withStarts: withStarts, &random)
            var encoder = XOR2Encoder()
            for sample in expected { encoder.append(sample) }
            let bytes = encoder.bytes
            let buffer = SampleBuffer()
            var sink = ChunkSink(buffer: buffer, range: .min ... .max, deleted: [])
            let padded = bytes + [UInt8](repeating: 0xff, count: FileWindow.padding)
            try padded.withRawBytes { (all) throws(FormatError) in
                try decodeChunk(4, UnsafeRawBufferPointer(rebasing: all[..<bytes.count]), &sink)
            }
            #expect(Self.seen(buffer) == expected)
        }
    }

    private static func seen(_ buffer: SampleBuffer) -> [Sample] {
        (0..<buffer.count).map { index in
            Sample(
                time: buffer.timestamps[index],
                start: buffer.startTimes.last { $0.index <= index }?.startTime ?? 0,
                value: buffer.values[index].bitPattern)
        }
    }

    @Test func recordsWithStartTimesAreRead() throws {
        // Series 5, time 100, start 40, value 1; series 7, time 101, the same start; series 6, no start; series 6, start 39.
        func double(_ value: Double) -> [UInt8] { withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
        func zigzag(_ value: Int) -> [UInt8] {
            let number = UInt(bitPattern: value << 1 ^ value >> 63)
            return number < 128 ? [UInt8(number)] : [UInt8(number & 127) | 128, UInt8(number >> 7)]
        }
        let record =
            zigzag(5) + zigzag(100) + zigzag(40) + double(1) + zigzag(2) + zigzag(1) + [1] + double(2) + zigzag(-1)
            + zigzag(1) + [0] + double(3) + zigzag(0) + zigzag(2) + [2] + zigzag(-1) + double(4)
        var found: [String] = []
        try record.withRawBytes { (bytes) throws(FormatError) in
            var cursor = ByteCursor(bytes)
            try readFloats(&cursor, hasStart: true) { found.append("\($0.series) \($0.time) \($0.startTime) \($1)") }
        }
        #expect(found == ["5 100 40 1.0", "7 101 40 2.0", "6 101 0 3.0", "6 102 39 4.0"])
    }
}

/// Writes floats as Prometheus 3.14 does.
private struct XOR2Encoder {
    private var bits: [Bool] = []
    private var header: UInt8 = 0
    private var count = 0
    private var last = StartTimeTests.Sample(time: 0, start: 0, value: 0)
    private var distance: Int64 = 0
    private var startDifference: Int64 = 0
    private var window: (leading: Int, trailing: Int)?

    var bytes: [UInt8] {
        var bytes = [UInt8(count >> 8), UInt8(count & 255), header]
        for start in stride(from: 0, to: bits.count, by: 8) {
            bytes.append(
                bits[start..<min(start + 8, bits.count)].enumerated().reduce(0) { $0 | ($1.1 ? 128 >> UInt8($1.0) : 0) }
            )
        }
        return bytes
    }

    private mutating func put(_ value: UInt64, _ width: Int) {
        for bit in (0..<width).reversed() { bits.append(value >> UInt64(bit) & 1 == 1) }
    }

    private mutating func putVarint(_ value: UInt64) {
        var rest = value
        while rest >= 128 {
            put(rest & 127 | 128, 8)
            rest >>= 7
        }
        put(rest, 8)
    }

    private mutating func putZigzag(_ value: Int64) { putVarint(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    private mutating func putVarbit(_ value: Int64) {
        let widths = [3, 6, 9, 12, 18, 25, 56]
        if value == 0 { return put(0, 1) }
        for (index, width) in widths.enumerated() where value > -(1 << (width - 1)) && value <= 1 << (width - 1) {
            put(((1 << UInt64(index + 1)) - 1) << 1, index + 2)
            return put(UInt64(bitPattern: value), width)
        }
        put(255, 8)
        put(UInt64(bitPattern: value), 64)
    }

    /// - Parameters:
    ///   - same, other: what comes before a value whose bits differ where they did, and elsewhere.
    private mutating func putDifference(_ difference: UInt64, same: (UInt64, Int), other: (UInt64, Int)) {
        let leading = min(difference.leadingZeroBitCount, 31)
        let trailing = difference.trailingZeroBitCount
        if let window, leading >= window.leading, trailing >= window.trailing {
            put(same.0, same.1)
            return put(difference >> UInt64(window.trailing), 64 - window.leading - window.trailing)
        }
        window = (leading, trailing)
        put(other.0, other.1)
        let width = 64 - leading - trailing
        put(UInt64(leading), 5)
        put(UInt64(width & 63), 6)
        put(difference >> UInt64(trailing), width)
    }

    private mutating func putValue(_ value: UInt64) {
        if value == StaleMarker.bitPattern { return put(7, 3) }
        if value == last.value { return put(0, 1) }
        putDifference(value ^ last.value, same: (2, 2), other: (6, 3))
    }

    private mutating func putTimeAndValue(_ change: Int64, _ value: UInt64) {
        if change == 0 {
            if value == StaleMarker.bitPattern { return put(31, 5) }
            if value == last.value { return put(0, 1) }
            put(2, 2)
            return putDifference(value ^ last.value, same: (0, 1), other: (1, 1))
        }
        switch change {
        case -4096...4095:
            put(6, 3)
            put(UInt64(bitPattern: change), 13)
        case -524_288...524_287:
            put(14, 4)
            put(UInt64(bitPattern: change), 20)
        default:
            put(30, 5)
            put(UInt64(bitPattern: change), 64)
        }
        putValue(value)
    }

    mutating func append(_ sample: StartTimeTests.Sample) {
        let change = sample.time - last.time - distance
        switch count {
        case 0:
            putZigzag(sample.time)
            put(sample.value, 64)
            if sample.start != 0 {
                putZigzag(sample.time - sample.start)
                header = 128
            }
        case 1:
            distance = sample.time - last.time
            putVarint(UInt64(distance))
            putValue(sample.value)
        default:
            distance += change
            putTimeAndValue(change, sample.value)
        }
        if count > 0 { putStart(sample) }
        // A staleness marker is not compared with.
        let value = sample.value == StaleMarker.bitPattern ? last.value : sample.value
        last = StartTimeTests.Sample(time: sample.time, start: sample.start, value: value)
        count += 1
    }

    private mutating func putStart(_ sample: StartTimeTests.Sample) {
        let difference = last.time - sample.start
        if header & 127 > 0 {
            putVarbit(difference - startDifference)
        } else if sample.start != last.start || count == 127 {
            header |= UInt8(count)
            putVarbit(difference)
        } else {
            return
        }
        startDifference = difference
    }
}
