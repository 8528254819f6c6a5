import Exposition
import Model
import Protobuf
import RemoteProtocol

/// Writes federated samples: family after family, with the server's external labels where a series has none of that name.
struct FederationWriter {
    let format: FederationFormat
    /// With `instance` among them, empty where the configuration names none: without it the reader would take this server
    /// for the instance.
    private let external: [Label]

    init(format: FederationFormat, external: Labels) {
        self.format = format
        var labels = Array(external)
        if external["instance"] == nil {
            labels.append(Label(name: "instance", value: ""))
            labels.sort { byteOrder($0.name, $1.name) }
        }
        self.external = labels
    }

    /// What makes a sample's family: its name, and what it is.
    private struct Family: Equatable {
        var name: String
        var isHistogram: Bool
        var isGauge: Bool
    }

    func write(_ samples: [FederatedSample]) -> [UInt8] {
        var out: [UInt8] = []
        var family: Family?
        var message = ProtobufWriter()
        for sample in samples {
            if let histogram = sample.histogram, format.notation == .text || histogram.hasCustomBuckets {
                // Neither text nor the message of clients has a notation for it.
                continue
            }
            let next = Family(
                name: sample.labels.metricName ?? "", isHistogram: sample.histogram != nil,
                isGauge: sample.histogram?.counterReset == .gauge)
            if next != family {
                finish(&message, into: &out)
                begin(next, &message, &out)
                family = next
            }
            switch format.notation {
            case .text: appendLine(sample, next.name, to: &out)
            case .protobuf: message.message(4) { appendMetric(sample, to: &$0) }
            }
        }
        finish(&message, into: &out)
        return out
    }

    private func finish(_ message: inout ProtobufWriter, into out: inout [UInt8]) {
        guard !message.bytes.isEmpty else { return }
        var length = ProtobufWriter()
        length.number(UInt64(message.bytes.count))
        out += length.bytes + message.bytes
        message = ProtobufWriter()
    }

    /// MetricFamily: name 1, type 3, metric 4.
    private func begin(_ family: Family, _ message: inout ProtobufWriter, _ out: inout [UInt8]) {
        let name = format.escaped(family.name)
        switch format.notation {
        case .text:
            out += "# TYPE ".utf8
            if isLegacyMetricName(name) { out += name.utf8 } else { out.appendExposed(name) }
            out += " untyped\n".utf8
        case .protobuf:
            message.bytes(1, name.utf8)
            // Untyped, histogram, or histogram of a gauge.
            message.presentVarint(3, family.isHistogram ? (family.isGauge ? 5 : 4) : 3)
        }
    }

    /// The sample's labels without the metric's name, and the external ones behind them.
    private func labels(_ sample: FederatedSample) -> [(name: String, value: String)] {
        let own = sample.labels.filter { $0.name != Labels.metricNameLabel }
        let added = external.filter { sample.labels[$0.name] == nil }
        return (own + added).map { (format.escaped($0.name), $0.value) }
    }

    private func appendLine(_ sample: FederatedSample, _ metric: String, to out: inout [UInt8]) {
        let name = format.escaped(metric)
        let isPlain = isLegacyMetricName(name)
        if isPlain { out += name.utf8 }
        out.append(UInt8(ascii: "{"))
        if !isPlain { out.appendExposed(name) }
        for (index, label) in labels(sample).enumerated() {
            if index > 0 || !isPlain { out.append(UInt8(ascii: ",")) }
            if isLegacyLabelName(label.name) { out += label.name.utf8 } else { out.appendExposed(label.name) }
            out.append(UInt8(ascii: "="))
            out.appendExposed(label.value)
        }
        out += "} ".utf8
        // Prometheus writes no sign before a zero.
        out.appendFloat(sample.value == 0 ? 0 : sample.value, .general)
        out += " \(sample.timestamp)\n".utf8
    }

    /// Metric: label 1, untyped 5, timestamp_ms 6, histogram 7.
    private func appendMetric(_ sample: FederatedSample, to message: inout ProtobufWriter) {
        for label in labels(sample) {
            message.message(1) { pair in
                pair.bytes(1, label.name.utf8)
                pair.bytes(2, label.value.utf8)
            }
        }
        guard let histogram = sample.histogram else {
            message.message(5) { $0.presentDouble(1, sample.value) }
            message.presentVarint(6, UInt64(bitPattern: sample.timestamp))
            return
        }
        message.presentVarint(6, UInt64(bitPattern: sample.timestamp))
        message.message(7) { appendHistogram(histogram, to: &$0) }
    }

    /// Histogram: sample_sum 2, sample_count_float 4, schema 5, zero_threshold 6, zero_count_float 8, spans 9 and 12,
    /// counts 11 and 14. Counts are written as floating-point ones, as Prometheus does.
    private func appendHistogram(_ histogram: Histogram, to message: inout ProtobufWriter) {
        message.presentDouble(2, histogram.sum)
        message.presentDouble(4, histogram.count)
        message.presentVarint(5, zigzag(Int64(histogram.schema)))
        message.presentDouble(6, histogram.zeroThreshold)
        message.presentDouble(8, histogram.zeroCount)
        let sides = [
            (9 as UInt64, histogram.negativeSpans, histogram.negativeBuckets),
            (12, histogram.positiveSpans, histogram.positiveBuckets),
        ]
        for (field, spans, buckets) in sides {
            for span in spans {
                message.message(field) { message in
                    message.presentVarint(1, zigzag(Int64(span.offset)))
                    message.presentVarint(2, UInt64(span.length))
                }
            }
            for bucket in buckets { message.presentDouble(field + 2, bucket) }
        }
        // A histogram without buckets is told from a classic one by a span of none.
        if histogram.zeroThreshold == 0, histogram.positiveSpans.isEmpty, histogram.negativeSpans.isEmpty {
            message.message(12) { message in
                message.presentVarint(1, zigzag(0))
                message.presentVarint(2, 0)
            }
        }
    }
}

extension [UInt8] {
    /// Appends `text` between quotes, as pages of metrics have it.
    fileprivate mutating func appendExposed(_ text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): self += "\\\\".utf8
            case UInt8(ascii: "\n"): self += "\\n".utf8
            case UInt8(ascii: "\""): self += "\\\"".utf8
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
