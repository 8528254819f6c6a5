import Model
import Protobuf
import RemoteProtocol

/// A remote-write request, decoded into columns.
///
/// Labels of series stay where they are in the request's bytes: only those of series that are not known yet are ever
/// read. Whatever the version, a series' samples, histograms and exemplars follow those of the series before.
/// - Source: Prometheus remote write 1.0, `prometheus.WriteRequest`; 2.0-rc.4, `io.prometheus.write.v2.Request`.
struct WriteRequest {
    /// The two messages that are accepted.
    enum Version: String {
        case v1 = "prometheus.WriteRequest"
        case v2 = "io.prometheus.write.v2.Request"
    }

    struct Series {
        /// The message's bytes that its labels are read from.
        var source: Range<Int>
        /// Bytes that stand for its labels alone; nil where they do not lie together.
        var labels: UnsafeRawBufferPointer?
        /// Where its samples, histograms and exemplars begin; they end where those of the next series begin.
        var start: Position
    }

    /// How many samples, histograms and exemplars there are up to some point.
    struct Position: Sendable {
        var sample = 0
        var histogram = 0
        var exemplar = 0
    }

    let version: Version
    /// Series with samples, histograms or exemplars, in the request's order.
    var series: [Series] = []
    var timestamps: [Int64] = []
    var values: [Double] = []
    /// Per sample the time from which on it counts; empty where none has one.
    var startTimes: [Int64] = []
    var histograms: [WrittenHistogram] = []
    var exemplars: [Exemplar] = []
    /// How many exemplars have labels that cannot be stored; they are not among ``exemplars``.
    var invalidExemplarCount = 0
    var metadata: [MetricMetadata] = []
    /// Reads labels from the message.
    var labels: WrittenLabels

    /// - Parameter message: has to outlive the request.
    init(_ message: UnsafeRawBufferPointer, _ version: Version) throws(ProtobufError) {
        self.version = version
        labels = WrittenLabels(message: message, symbols: nil)
        // A sample is some 18 bytes with its timestamp.
        timestamps.reserveCapacity(min(message.count / 18, Limit.writeSamples))
        values.reserveCapacity(min(message.count / 18, Limit.writeSamples))
        switch version {
        case .v1: try readVersion1(message)
        case .v2: try readVersion2(message)
        }
    }

    var end: Position {
        Position(sample: values.count, histogram: histograms.count, exemplar: exemplars.count)
    }

    /// Appends a series whose samples were read, unless it has nothing.
    mutating func appendSeries(_ one: Series) {
        let end = end
        if end.sample > one.start.sample || end.histogram > one.start.histogram || end.exemplar > one.start.exemplar {
            series.append(one)
        }
    }

    /// Sample: value 1 (double), timestamp 2 (int64, milliseconds), in 2.0 start timestamp 3. What is left out is 0.
    @inline(__always)
    mutating func readSample(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        guard values.count < Limit.writeSamples else {
            throw ProtobufError(description: "more than \(Limit.writeSamples) samples in one request")
        }
        var timestamp: Int64 = 0
        var sample = 0.0
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch value {
            case .fixed64(let bits) where field == 1: sample = Double(bitPattern: bits)
            case .varint(let number) where field == 2: timestamp = Int64(bitPattern: number)
            case .varint(let number) where field == 3: setStartTime(Int64(bitPattern: number), of: values.count)
            default: break
            }
        }
        timestamps.append(timestamp)
        values.append(sample)
    }

    /// Reads successive samples of a series (field 2) as long as they are laid out as all senders do it: the value, then
    /// the timestamp in six bytes (of 36 to 42 bits: 1971 to 2109). ``readSample(_:)`` is for the others.
    ///
    /// - Returns: where they end.
    @inline(__always)
    mutating func readPlainSamples(_ message: UnsafeRawBufferPointer, from start: Int) -> Int {
        //  0x12 16          field 2 of the series, 16 bytes
        //       0x09 8 bytes    field 1 of the sample: the value
        //       0x10 6 bytes    field 2: the timestamp, of which all bytes but the last have their top bit set
        var offset = start
        while message.count - offset >= 18, values.count < Limit.writeSamples {
            let head = UInt32(littleEndian: message.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            let tail = UInt64(littleEndian: message.loadUnaligned(fromByteOffset: offset + 10, as: UInt64.self)) >> 8
            guard head & 0xff_ffff == 0x09_1012, tail & 0x80_8080_8080_80ff == 0x00_8080_8080_8010 else { break }
            let bits = UInt64(littleEndian: message.loadUnaligned(fromByteOffset: offset + 3, as: UInt64.self))
            let low = tail >> 8 & 0x7f | tail >> 9 & 0x3f80 | tail >> 10 & 0x1f_c000
            let high = tail >> 11 & 0xfe0_0000 | tail >> 12 & 0x7_f000_0000 | tail >> 13 & 0x3f8_0000_0000
            timestamps.append(Int64(bitPattern: low | high))
            values.append(Double(bitPattern: bits))
            offset += 18
        }
        return offset
    }

    /// Sets the start time of sample `index`, the newest one or one before.
    mutating func setStartTime(_ startTime: Int64, of index: Int) {
        guard version == .v2, startTime != 0 else { return }
        if startTimes.count <= index {
            startTimes.append(contentsOf: repeatElement(0, count: index + 1 - startTimes.count))
        }
        startTimes[index] = startTime
    }

    mutating func readHistogram(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        guard histograms.count < Limit.writeHistograms else {
            throw ProtobufError(description: "more than \(Limit.writeHistograms) histograms in one request")
        }
        histograms.append(try WrittenHistogram(message))
    }

    /// Exemplar: labels 1, value 2 (double), timestamp 3 (int64, milliseconds).
    mutating func readExemplar(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        guard exemplars.count < Limit.writeExemplars else {
            throw ProtobufError(description: "more than \(Limit.writeExemplars) exemplars in one request")
        }
        var exemplar = Exemplar(labels: .empty, timestamp: 0, value: 0)
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch value {
            case .fixed64(let bits) where field == 2: exemplar.value = Double(bitPattern: bits)
            case .varint(let number) where field == 3: exemplar.timestamp = Int64(bitPattern: number)
            default: break
            }
        }
        do throws(InvalidLabels) {
            exemplar.labels = try labels.exemplarLabels(labels.range(message))
            exemplars.append(exemplar)
        } catch {
            invalidExemplarCount += 1
        }
    }
}

func metricType(_ number: UInt64) -> MetricMetadata.MetricType {
    let types: [MetricMetadata.MetricType] = [
        .unknown, .counter, .gauge, .histogram, .gaugehistogram, .summary, .info, .stateset,
    ]
    return number < UInt64(types.count) ? types[Int(number)] : .unknown
}
