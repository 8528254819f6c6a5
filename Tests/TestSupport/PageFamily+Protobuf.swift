import Model
import Protobuf

/// `families` as delimited `io.prometheus.client.MetricFamily` messages.
public func protobufPage(_ families: [PageFamily]) -> [UInt8] {
    families.flatMap { family in
        var length = ProtobufWriter()
        let message = family.message
        length.number(UInt64(message.count))
        return length.bytes + message
    }
}

extension PageFamily {
    /// The message of the family; kinds that protobuf does not have are gauges.
    public var message: [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, name)
        writer.string(2, help)
        writer.varint(3, UInt64(kind.rawValue > 5 ? Kind.gauge.rawValue : kind.rawValue))
        for metric in metrics { writer.message(4) { append(metric, to: &$0) } }
        writer.string(5, unit)
        return writer.bytes
    }

    private func append(_ metric: Metric, to writer: inout ProtobufWriter) {
        for label in metric.labels { writer.label(1, label) }
        switch kind {
        case .gauge, .info, .stateset: writer.message(2) { $0.presentDouble(1, metric.value) }
        case .unknown: writer.message(5) { $0.presentDouble(1, metric.value) }
        case .counter:
            writer.message(3) { writer in
                writer.presentDouble(1, metric.value)
                if let exemplar = metric.exemplars.first { writer.exemplar(2, exemplar) }
                writer.created(3, metric)
            }
        case .summary:
            writer.message(4) { writer in
                writer.varint(1, UInt64(metric.count))
                writer.double(2, metric.sum)
                for quantile in metric.quantiles {
                    writer.message(3) {
                        $0.double(1, quantile.quantile)
                        $0.double(2, quantile.value)
                    }
                }
                writer.created(4, metric)
            }
        case .histogram, .gaugeHistogram: writer.message(7) { $0.histogram(metric) }
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func label(_ field: UInt64, _ label: (name: String, value: String)) {
        message(field) {
            $0.string(1, label.name)
            $0.string(2, label.value)
        }
    }

    fileprivate mutating func exemplar(_ field: UInt64, _ exemplar: PageFamily.Exemplar) {
        message(field) { writer in
            for label in exemplar.labels { writer.label(1, label) }
            writer.double(2, exemplar.value)
            if let seconds = exemplar.seconds { writer.timestamp(3, seconds) }
        }
    }

    fileprivate mutating func created(_ field: UInt64, _ metric: PageFamily.Metric) {
        if let seconds = metric.createdSeconds { timestamp(field, seconds) }
    }

    private mutating func timestamp(_ field: UInt64, _ seconds: Double) {
        let milliseconds = Int64((seconds * 1000).rounded())
        message(field) {
            $0.int64(1, milliseconds / 1000)
            $0.int64(2, milliseconds % 1000 * 1_000_000)
        }
    }

    fileprivate mutating func histogram(_ metric: PageFamily.Metric) {
        let isFloat = metric.native?.isFloat ?? false
        if isFloat { double(4, metric.count) } else { varint(1, UInt64(metric.count)) }
        double(2, metric.sum)
        for bucket in metric.buckets {
            message(3) { writer in
                if isFloat { writer.double(4, bucket.cumulative) } else { writer.varint(1, UInt64(bucket.cumulative)) }
                writer.double(2, bucket.bound)
                if let exemplar = bucket.exemplar { writer.exemplar(3, exemplar) }
            }
        }
        if let native = metric.native { self.native(native) }
        created(15, metric)
        if metric.native != nil { for exemplar in metric.exemplars { self.exemplar(16, exemplar) } }
    }

    private mutating func native(_ native: Histogram) {
        zigzag(5, Int64(native.schema))
        double(6, native.zeroThreshold)
        if native.isFloat { double(8, native.zeroCount) } else { varint(7, UInt64(native.zeroCount)) }
        spans(9, native.negativeSpans)
        if native.isFloat { packedDoubles(11, native.negativeBuckets) } else { deltas(10, native.negativeBuckets) }
        spans(12, native.positiveSpans)
        if native.isFloat { packedDoubles(14, native.positiveBuckets) } else { deltas(13, native.positiveBuckets) }
    }

    private mutating func spans(_ field: UInt64, _ spans: [Histogram.Span]) {
        for span in spans {
            message(field) {
                $0.zigzag(1, Int64(span.offset))
                $0.varint(2, UInt64(span.length))
            }
        }
    }

    private mutating func deltas(_ field: UInt64, _ buckets: [Double]) {
        var last: Int64 = 0
        packedNumbers(
            field,
            buckets.map { bucket in
                defer { last = Int64(bucket) }
                return Protobuf.zigzag(Int64(bucket) - last)
            })
    }
}
