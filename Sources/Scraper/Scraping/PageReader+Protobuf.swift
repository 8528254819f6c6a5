import Exposition
import Model

extension PageReader {
    /// Reads a protobuf page as the lines that it would be as text.
    mutating func readProtobuf(_ bytes: UnsafeRawBufferPointer) throws {
        var page = ProtobufPage(bytes, settings.histograms)
        var metric = ExposedMetric()
        while try page.next(&metric) {
            try checkTime()
            for index in metric.lines.indices {
                try metric.withHead(index) { head in
                    switch metric.lines[index].content {
                    case .comment(let metadata): readComment(head, metadata)
                    case .sample(let sample): try readSample(head, sample, metric.name)
                    }
                }
            }
        }
    }

    private mutating func readComment(_ head: UnsafeBufferPointer<UInt8>, _ metadata: MetadataLine) {
        if let known = find(head) { return takeLine(known) }
        appendComment(head, metadata)
    }

    private mutating func readSample(
        _ head: UnsafeBufferPointer<UInt8>, _ sample: ExposedMetric.Sample, _ family: String
    ) throws {
        if let known = findSample(head) {
            let kind = previous.kind(known)
            takeLine(known)
            if kind != .droppedSample { try append(sample, family) }
            return
        }
        let exposed: [Label]
        do {
            exposed = try labels(of: head, TextParser(head, format: .text))
        } catch {
            throw ScrapeFailure(message: "invalid labels of metric \(quoted(family)): \(error.reason)")
        }
        if try appendUnknown(head, exposed, false) { try append(sample, family) }
    }

    private mutating func append(_ sample: ExposedMetric.Sample, _ family: String) throws(ScrapeFailure) {
        let place = draft.values.count
        if settings.honorTimestamps, let timestamp = sample.timestamp { draft.explicit.append((place, timestamp)) }
        if sample.startTime != 0 { draft.starts.append((place, sample.startTime)) }
        for exemplar in sample.exemplars where exemplar.canBeStored { draft.exemplars.append((place, exemplar)) }
        if let histogram = sample.histogram { draft.histograms.append((place, try limited(histogram, family))) }
        draft.values.append(sample.value)
    }

    private mutating func limited(_ histogram: Histogram, _ family: String) throws(ScrapeFailure) -> Histogram {
        do throws(HistogramError) {
            if let limited = try settings.limited(histogram) { return limited }
        } catch {
            throw ScrapeFailure(message: "invalid histogram \(quoted(family)): \(error)")
        }
        histogramFailure = .overBucketLimit
        return histogram
    }
}

extension ScrapeFailure {
    static let overBucketLimit = ScrapeFailure(kind: .bucketLimit, message: "histogram bucket limit exceeded")
}
