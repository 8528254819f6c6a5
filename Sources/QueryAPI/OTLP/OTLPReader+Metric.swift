import Model
import Protobuf
import RemoteProtocol

extension OTLPReader {
    /// What a metric is, and the bytes of its data.
    private struct Metric {
        enum Kind: UInt64 {
            case gauge = 5
            case sum = 7
            case histogram = 9
            case exponential = 10
            case summary = 11
        }

        var name = ""
        var help = ""
        var unit = ""
        var kind: Kind?
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Metric: name 1, description 2, unit 3, and one of gauge 5, sum 7, histogram 9, exponential histogram 10, summary 11.
    mutating func readMetric(
        _ message: UnsafeRawBufferPointer, _ context: OTLPContext, _ times: inout OTLPTimes
    ) throws(ProtobufError) {
        var metric = Metric()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: metric.name = String(decoding: bytes, as: UTF8.self)
            case 2: metric.help = String(decoding: bytes, as: UTF8.self)
            case 3: metric.unit = String(decoding: bytes, as: UTF8.self)
            default:
                guard let kind = Metric.Kind(rawValue: field) else { continue }
                (metric.kind, metric.data) = (kind, bytes)
            }
        }
        try add(metric, context, &times)
    }

    private mutating func add(
        _ metric: Metric, _ context: OTLPContext, _ times: inout OTLPTimes
    ) throws(ProtobufError) {
        guard let kind = metric.kind else { return leaveOut(metric, "it has no data of a known type") }
        let (temporality, isMonotonic) = try temporality(metric)
        let isCounted = kind == .sum || kind == .histogram || kind == .exponential
        guard !isCounted || temporality == 2 else {
            let found = temporality == 1 ? "delta" : "unspecified"
            return leaveOut(metric, "its temporality is \(found); only cumulative is accepted")
        }
        let name = names.metricName(
            OTLPNames.Metric(
                name: metric.name, unit: metric.unit, isCounter: kind == .sum && isMonotonic, isGauge: kind == .gauge))
        guard !name.isEmpty else { return leaveOut(metric, "its name has no character that a name may have") }
        guard name.utf8.count <= Limit.writeLabelBytes else {
            return leaveOut(metric, "its name is longer than \(Limit.writeLabelBytes) bytes")
        }
        var isEmpty = true
        // Data points are field 1 of every kind.
        try forEachMessage(metric.data, 1) { (bytes) throws(ProtobufError) in
            isEmpty = false
            let point = try point(bytes, kind)
            if let fault = point.attributes.fault {
                return request.problems.add("data points") {
                    "a data point of \(quoted(String(name.prefix(200)))) is left out: \(fault)"
                }
            }
            times.add(point.timestamp)
            try add(point, name, kind, context)
        }
        if isEmpty { return leaveOut(metric, "it has no data points") }
        let type: MetricMetadata.MetricType =
            switch kind {
            case .gauge: .gauge
            case .sum: isMonotonic ? .counter : .gauge
            case .histogram, .exponential: .histogram
            case .summary: .summary
            }
        request.add(MetricMetadata(metric: name, type: type, help: metric.help, unit: metric.unit))
    }

    private mutating func leaveOut(_ metric: Metric, _ reason: String) {
        request.problems.add("metrics") { "metric \(quoted(String(metric.name.prefix(200)))) is left out: \(reason)" }
    }

    /// Of sums and histograms, which have it as field 2; of sums whether they only grow, as field 3.
    private func temporality(_ metric: Metric) throws(ProtobufError) -> (UInt64, isMonotonic: Bool) {
        var (temporality, isMonotonic) = (0 as UInt64, false)
        var reader = ProtobufReader(metric.data)
        while let (field, value) = try reader.next() {
            guard case .varint(let number) = value else { continue }
            if field == 2 { temporality = number } else if field == 3 { isMonotonic = number != 0 }
        }
        return (temporality, isMonotonic)
    }

    private func point(_ bytes: UnsafeRawBufferPointer, _ kind: Metric.Kind) throws(ProtobufError) -> OTLPPoint {
        switch kind {
        case .gauge, .sum: try .number(bytes)
        case .histogram: try .histogram(bytes)
        case .exponential: try .exponential(bytes)
        case .summary: try .summary(bytes)
        }
    }

    private mutating func add(
        _ point: OTLPPoint, _ name: String, _ kind: Metric.Kind, _ context: OTLPContext
    ) throws(ProtobufError) {
        let base = context.labels(point.attributes)
        switch kind {
        case .gauge: try addSample(point, base, name, point.value, startTime: 0)
        case .sum: try addSample(point, base, name, point.value, startTime: point.startTime, point.exemplars)
        case .histogram where settings.convertsHistograms: try addNative(point, base, name, isCustom: true)
        case .histogram: try addClassic(point, base, name)
        case .exponential: try addNative(point, base, name, isCustom: false)
        case .summary: try addSummary(point, base, name)
        }
    }

    private mutating func addSample(
        _ point: OTLPPoint, _ base: Labels, _ name: String, _ value: Double, startTime: Int64,
        _ exemplars: [Exemplar] = [], _ extra: (name: String, value: String)? = nil
    ) throws(ProtobufError) {
        let shown = point.isStale ? StaleMarker.value : value
        try request.add(base.named(name, extra), point.timestamp, shown, startTime: startTime, exemplars)
    }

    /// `_sum`, `_count`, and per bound a `_bucket` that counts what lies below it.
    private mutating func addClassic(_ point: OTLPPoint, _ base: Labels, _ name: String) throws(ProtobufError) {
        let start = point.startTime
        if let sum = point.sum { try addSample(point, base, name + "_sum", sum, startTime: start) }
        try addSample(point, base, name + "_count", Double(point.count), startTime: start)
        var exemplars = point.exemplars.sorted { $0.value < $1.value }[...]
        var cumulative: UInt64 = 0
        for (bound, count) in zip(point.bounds, point.bucketCounts) {
            cumulative &+= count
            let own = exemplars.prefix { $0.value <= bound }
            exemplars = exemplars.dropFirst(own.count)
            let le = formatFloat(bound, .plain)
            try addSample(
                point, base, name + "_bucket", Double(cumulative), startTime: start, Array(own), ("le", le))
        }
        try addSample(
            point, base, name + "_bucket", Double(point.count), startTime: start, Array(exemplars), ("le", "+Inf"))
    }

    private mutating func addNative(
        _ point: OTLPPoint, _ base: Labels, _ name: String, isCustom: Bool
    ) throws(ProtobufError) {
        let histogram: Histogram
        do throws(HistogramError) {
            histogram = isCustom ? try point.customHistogram() : try point.nativeHistogram()
        } catch {
            return request.problems.add("histograms") { "histogram \(quoted(name)) is left out: \(error)" }
        }
        try request.add(
            base.named(name), point.timestamp, histogram, startTime: point.startTime, point.exemplars)
    }

    private mutating func addSummary(_ point: OTLPPoint, _ base: Labels, _ name: String) throws(ProtobufError) {
        let start = point.startTime
        try addSample(point, base, name + "_sum", point.sum ?? 0, startTime: start)
        try addSample(point, base, name + "_count", Double(point.count), startTime: start)
        for (quantile, value) in point.quantiles {
            let text = formatFloat(quantile, .plain)
            try addSample(point, base, name, value, startTime: 0, [], ("quantile", text))
        }
    }
}

extension Labels {
    /// These labels under a metric's name, with `extra`, whose name sorts behind `__name__`.
    fileprivate func named(_ name: String, _ extra: (name: String, value: String)? = nil) -> Labels {
        var changes: [UInt8] = []
        changes.appendLabelString(Labels.metricNameLabel)
        changes.appendLabelString(name)
        if let extra {
            changes.appendLabelString(extra.name)
            changes.appendLabelString(extra.value)
        }
        return setting(changes)
    }
}
