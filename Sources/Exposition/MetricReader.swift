import Model
import Protobuf

/// Makes lines of one metric of a protobuf page.
struct MetricReader {
    enum Kind: UInt64 {
        case counter, gauge, summary, untyped, histogram, gaugeHistogram

        var metricType: MetricMetadata.MetricType {
            switch self {
            case .counter: .counter
            case .gauge: .gauge
            case .summary: .summary
            case .untyped: .unknown
            case .histogram: .histogram
            case .gaugeHistogram: .gaugehistogram
            }
        }
    }

    let kind: Kind
    let choice: HistogramChoice
    /// The metric's labels as pages of text have them.
    private(set) var labels: [UInt8] = []

    init(kind: Kind, choice: HistogramChoice) {
        self.kind = kind
        self.choice = choice
    }

    /// Metric: label 1, gauge 2, counter 3, summary 4, untyped 5, timestamp in milliseconds 6, histogram 7.
    mutating func read(_ message: UnsafeRawBufferPointer, _ lines: inout ExposedMetric) throws(ProtobufError) {
        labels.removeAll(keepingCapacity: true)
        var content = UnsafeRawBufferPointer(start: nil, count: 0)
        var timestamp: Int64?
        var reader = ProtobufReader(message)
        var labelCount = 0
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let label)):
                labelCount += 1
                guard labelCount <= TextParser.labelsMax else {
                    throw ProtobufError(description: "a metric has more than \(TextParser.labelsMax) labels")
                }
                let pair = try pair(label)
                labels.appendLabel(pair.name, pair.value)
            case (6, .varint(let number)):
                // What is not told is 0.
                timestamp = number == 0 ? nil : Int64(bitPattern: number)
            case (kind.field, .bytes(let bytes)): content = bytes
            default: break
            }
        }
        switch kind {
        case .counter, .gauge, .untyped: try readNumber(content, timestamp, &lines)
        case .summary: try readSummary(content, timestamp, &lines)
        case .histogram, .gaugeHistogram: try readHistogram(content, timestamp, &lines)
        }
    }

    /// Gauge and Untyped: value 1. Counter: value 1, exemplar 2, created 3.
    private func readNumber(
        _ message: UnsafeRawBufferPointer, _ timestamp: Int64?, _ lines: inout ExposedMetric
    ) throws(ProtobufError) {
        var sample = ExposedMetric.Sample(value: 0, timestamp: timestamp)
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .fixed64(let bits)): sample.value = number(bits)
            case (2, .bytes(let bytes)) where kind == .counter: sample.exemplars = [try exemplar(bytes)]
            case (3, .bytes(let bytes)) where kind == .counter: sample.startTime = try milliseconds(bytes) ?? 0
            default: break
            }
        }
        try lines.append(sample, suffix: "", labels: labels)
    }

    /// Summary: count 1, sum 2, quantile 3 (quantile 1, value 2), created 4.
    private func readSummary(
        _ message: UnsafeRawBufferPointer, _ timestamp: Int64?, _ lines: inout ExposedMetric
    ) throws(ProtobufError) {
        var (count, sum, startTime) = (0.0, 0.0, Int64(0))
        var quantiles: [(quantile: Double, value: Double)] = []
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let number)): count = Double(number)
            case (2, .fixed64(let bits)): sum = number(bits)
            case (3, .bytes(let bytes)):
                var quantile = (quantile: 0.0, value: 0.0)
                var reader = ProtobufReader(bytes)
                while let (field, value) = try reader.next() {
                    guard case .fixed64(let bits) = value else { continue }
                    if field == 1 {
                        quantile.quantile = number(bits)
                    } else if field == 2 {
                        quantile.value = number(bits)
                    }
                }
                quantiles.append(quantile)
                guard quantiles.count <= Histogram.elementsMax else {
                    throw ProtobufError(description: "a summary has more than \(Histogram.elementsMax) quantiles")
                }
            case (4, .bytes(let bytes)): startTime = try milliseconds(bytes) ?? 0
            default: break
            }
        }
        func sample(_ value: Double) -> ExposedMetric.Sample {
            .init(value: value, timestamp: timestamp, startTime: startTime)
        }
        try lines.append(sample(count), suffix: "_count", labels: labels)
        try lines.append(sample(sum), suffix: "_sum", labels: labels)
        for quantile in quantiles {
            try lines.append(sample(quantile.value), suffix: "", labels: labels, extra: ("quantile", quantile.quantile))
        }
    }

    private func readHistogram(
        _ message: UnsafeRawBufferPointer, _ timestamp: Int64?, _ lines: inout ExposedMetric
    ) throws(ProtobufError) {
        let histogram = try ProtobufHistogram(message)
        func sample(_ value: Double) -> ExposedMetric.Sample {
            .init(value: value, timestamp: timestamp, startTime: histogram.startTime)
        }
        let isNative = choice.takesNative && histogram.isNative
        var isConverted = false
        if isNative || choice.convertsClassic && kind == .histogram {
            // Classic buckets that contradict one another give no histogram, as in Prometheus.
            if let converted = try isNative ? histogram.native(isGauge: kind == .gaugeHistogram) : histogram.custom() {
                var sample = sample(converted.sum)
                sample.histogram = converted
                isConverted = !isNative
                sample.exemplars = histogram.datedExemplars(isNative: isNative)
                try lines.append(sample, suffix: "", labels: labels)
            }
            guard choice.takesClassicToo, !isNative || !histogram.buckets.isEmpty else { return }
        }
        try lines.append(sample(histogram.count), suffix: "_count", labels: labels)
        try lines.append(sample(histogram.sum), suffix: "_sum", labels: labels)
        for bucket in histogram.buckets {
            var sample = sample(bucket.cumulative)
            if let exemplar = bucket.exemplar, !isConverted { sample.exemplars = [exemplar] }
            try lines.append(sample, suffix: "_bucket", labels: labels, extra: ("le", bucket.bound))
            // What comes behind the last bucket of all does not count.
            if bucket.bound == .infinity { return }
        }
        try lines.append(sample(histogram.count), suffix: "_bucket", labels: labels, extra: ("le", .infinity))
    }
}

extension MetricReader.Kind {
    /// The field of a metric that holds what is of this kind.
    fileprivate var field: UInt64 {
        switch self {
        case .gauge: 2
        case .counter: 3
        case .summary: 4
        case .untyped: 5
        case .histogram, .gaugeHistogram: 7
        }
    }
}

/// A number as it is stored: every NaN is the ordinary one, so that none passes for a staleness marker.
func number(_ bits: UInt64) -> Double {
    let value = Double(bitPattern: bits)
    return value.isNaN ? .ordinaryNaN : value
}

/// LabelPair: name 1, value 2.
private func pair(
    _ message: UnsafeRawBufferPointer
) throws(ProtobufError) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    var name = UnsafeRawBufferPointer(start: nil, count: 0)
    var value = name
    var reader = ProtobufReader(message)
    while let (field, content) = try reader.next() {
        guard case .bytes(let bytes) = content else { continue }
        if field == 1 { name = bytes } else if field == 2 { value = bytes }
    }
    return (name, value)
}

/// Timestamp: seconds 1, nanoseconds 2. Nil where it is out of range.
func milliseconds(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Int64? {
    var (seconds, nanos) = (Int64(0), Int64(0))
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard case .varint(let number) = value else { continue }
        if field == 1 { seconds = Int64(bitPattern: number) } else if field == 2 { nanos = Int64(bitPattern: number) }
    }
    // As for OpenMetrics: a limit that no milliseconds overflow at.
    guard seconds.magnitude < 9_000_000_000_000_000, nanos.magnitude < 1_000_000_000 else { return nil }
    return seconds * 1000 + nanos / 1_000_000
}

/// Exemplar: label 1, value 2, timestamp 3.
func exemplar(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> ExposedExemplar {
    var exemplar = ExposedExemplar(labels: .empty, value: 0)
    var labels: [(name: String, value: String)] = []
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (1, .bytes(let label)):
            let pair = try pair(label)
            labels.append((try text(pair.name, "label name"), try text(pair.value, "label value")))
            guard labels.count <= ExposedExemplar.labelCharactersMax else {
                throw ProtobufError(
                    description: "an exemplar has more than \(ExposedExemplar.labelCharactersMax) labels")
            }
        case (2, .fixed64(let bits)): exemplar.value = number(bits)
        case (3, .bytes(let bytes)): exemplar.timestamp = try milliseconds(bytes)
        default: break
        }
    }
    exemplar.labels = Labels(labels)
    return exemplar
}
