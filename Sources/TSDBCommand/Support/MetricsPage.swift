import Exposition
import Model

/// A whole page of metrics in memory.
struct MetricsPage {
    struct Sample {
        var labels: Labels
        var value: Double
        /// Milliseconds since the Unix epoch; nil where the line has no timestamp.
        var timestamp: Int64?
    }

    private(set) var samples: [Sample] = []
    private(set) var metadata: [String: MetricMetadata] = [:]

    /// The longest page that is read, in bytes.
    static let bytesMax = 256 << 20

    /// - Parameter path: `-` is standard input; may be packed with gzip.
    /// - Throws: ``CommandFailure`` with the place of the first line that is no metric.
    init(path: String) throws(CommandFailure) {
        let name = path == "-" ? "standard input" : path
        let reader = try LineReader(path)
        var bytes: [UInt8] = []
        while let lines = try reader.next() {
            bytes += lines
            guard bytes.count <= MetricsPage.bytesMax else {
                throw CommandFailure("\(name) has more than \(MetricsPage.bytesMax) bytes")
            }
        }
        do throws(ExpositionError) {
            self = try bytes.withUnsafeBufferPointer { (page) throws(ExpositionError) in try MetricsPage(page) }
        } catch {
            throw CommandFailure("\(name), \(error)")
        }
    }

    private init(_ page: UnsafeBufferPointer<UInt8>) throws(ExpositionError) {
        let isOpenMetrics = page.suffix(6).elementsEqual("# EOF\n".utf8) || page.suffix(5).elementsEqual("# EOF".utf8)
        var parser = TextParser(page, format: isOpenMetrics ? .openMetrics : .text)
        while let line = try parser.nextLine() {
            switch line {
            case .comment(let comment):
                if let said = try parser.metadata(of: comment) { metadata.note(said) }
            case .sample(let head):
                let labels = Labels(try parser.labels(of: head).lazy.map { (name: $0.name, value: $0.value) })
                let read = try parser.readValue()
                samples.append(Sample(labels: labels, value: read.value, timestamp: read.timestamp))
            }
        }
    }

    /// The name under which a metric's type and help are known: `x` for `x_bucket` where `x` is a histogram.
    func family(of metric: String) -> String {
        if metadata[metric] != nil { return metric }
        for suffix in MetricMetadata.seriesSuffixes where metric.hasSuffix(suffix) {
            let base = String(metric.dropLast(suffix.count))
            switch (metadata[base]?.type, suffix) {
            case (.histogram, "_bucket"), (.histogram, "_count"), (.histogram, "_sum"), (.summary, "_count"),
                (.summary, "_sum"), (.counter, "_total"), (.info, "_info"), (.counter, "_created"),
                (.histogram, "_created"), (.summary, "_created"):
                return base
            default: break
            }
        }
        return metric
    }
}

extension [String: MetricMetadata] {
    /// Takes down what a line says.
    mutating func note(_ line: MetadataLine) {
        let known = self[line.metric]
        var (type, help, unit) = (known?.type ?? .unknown, known?.help ?? "", known?.unit ?? "")
        switch line {
        case .help(_, let text): help = text
        case .type(_, let named): type = named
        case .unit(_, let text): unit = text
        }
        self[line.metric] = MetricMetadata(metric: line.metric, type: type, help: help, unit: unit)
    }
}
