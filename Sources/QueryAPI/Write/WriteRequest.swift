import Model

/// A remote-write request, decoded into columns.
///
/// Labels stay where they are in the request's bytes: only those of series that are not known yet are ever read.
/// - Source: Prometheus remote write 1.0, `prometheus.WriteRequest`.
struct WriteRequest {
    struct Series {
        /// The message's bytes that are labels, where they lie together.
        var labels: UnsafeRawBufferPointer
        /// The whole message where they do not.
        var scattered: UnsafeRawBufferPointer?
        var sampleStart: Int
        var sampleEnd: Int

        /// Bytes to read labels from.
        var source: UnsafeRawBufferPointer { scattered ?? labels }
    }

    /// Series with samples, in the request's order.
    var series: [Series] = []
    var timestamps: [Int64] = []
    var values: [Double] = []
    var metadata: [MetricMetadata] = []
    /// Native histograms that the request holds.
    var histogramCount = 0

    /// - Parameter message: has to outlive the request.
    init(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        // A sample is some 18 bytes with its timestamp.
        timestamps.reserveCapacity(min(message.count / 18, Limit.writeSamples))
        values.reserveCapacity(min(message.count / 18, Limit.writeSamples))
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: try readSeries(bytes)
            case 3: try readMetadata(bytes)
            default: break
            }
        }
    }

    /// TimeSeries: labels 1, samples 2, exemplars 3, histograms 4.
    private mutating func readSeries(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(message)
        let firstSample = values.count
        var labelsStart = 0
        var labelsEnd = 0
        var isScattered = false
        var fieldStart = 0
        while let (field, value) = try reader.next() {
            if field == 1 {
                if labelsEnd == 0 {
                    labelsStart = fieldStart
                } else if labelsEnd != fieldStart {
                    isScattered = true
                }
                labelsEnd = reader.offset
            } else if field == 2, case .bytes(let sample) = value {
                try readSample(sample)
            } else if field == 4 {
                histogramCount += 1
            }
            fieldStart = reader.offset
        }
        guard values.count > firstSample else { return }
        series.append(
            Series(
                labels: UnsafeRawBufferPointer(rebasing: message[labelsStart..<labelsEnd]),
                scattered: isScattered ? message : nil, sampleStart: firstSample, sampleEnd: values.count))
    }

    /// Sample: value 1 (double), timestamp 2 (int64, milliseconds). What is left out is 0.
    @inline(__always)
    private mutating func readSample(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
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
            default: break
            }
        }
        timestamps.append(timestamp)
        values.append(sample)
    }

    /// MetricMetadata: type 1, family 2, help 4, unit 5.
    private mutating func readMetadata(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var type = MetricMetadata.MetricType.unknown
        var texts: [UInt64: String] = [:]
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch value {
            case .varint(let number) where field == 1: type = metricType(number)
            case .bytes(let bytes) where field == 2 || field == 4 || field == 5:
                texts[field] = String(decoding: bytes, as: UTF8.self)
            default: break
            }
        }
        guard let name = texts[2], !name.isEmpty else { return }
        metadata.append(MetricMetadata(metric: name, type: type, help: texts[4] ?? "", unit: texts[5] ?? ""))
    }
}

private func metricType(_ number: UInt64) -> MetricMetadata.MetricType {
    let types: [MetricMetadata.MetricType] = [
        .unknown, .counter, .gauge, .histogram, .gaugehistogram, .summary, .info, .stateset,
    ]
    return number < UInt64(types.count) ? types[Int(number)] : .unknown
}
