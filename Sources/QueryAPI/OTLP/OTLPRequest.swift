import Model
import Protobuf
import RemoteProtocol

/// The series of a metrics request of OTLP.
/// - Source: OTLP 1.x, `ExportMetricsServiceRequest`.
struct OTLPRequest {
    /// Each once, in the order in which they came up.
    private(set) var series: [Labels] = []
    private(set) var samples: [(series: Int, timestamp: Int64, value: Double, startTime: Int64)] = []
    private(set) var histograms: [(series: Int, timestamp: Int64, histogram: Histogram, startTime: Int64)] = []
    private(set) var exemplars: [(series: Int, exemplar: Exemplar)] = []
    private(set) var metadata: [MetricMetadata] = []
    /// What was left out.
    var problems = ProblemList()

    private var indices: [Labels: Int] = [:]
    private var byteBudget = Limit.writeReferencedBytes
    private var sampleByteBudget: Int

    /// - Parameter labelBytes: what the labels of all samples may take, where each has its own.
    init(labelBytes: Int = Limit.otlpLabelBytes) { sampleByteBudget = labelBytes }

    /// Adds a sample to the series with these labels.
    mutating func add(
        _ labels: Labels, _ timestamp: Int64, _ value: Double, startTime: Int64, _ exemplars: [Exemplar] = []
    ) throws(ProtobufError) {
        guard samples.count < Limit.writeSamples else {
            throw ProtobufError(description: "more than \(Limit.writeSamples) samples in one request")
        }
        let index = try index(labels)
        samples.append((index, timestamp, value, startTime))
        try add(exemplars, index)
    }

    mutating func add(
        _ labels: Labels, _ timestamp: Int64, _ histogram: Histogram, startTime: Int64, _ exemplars: [Exemplar] = []
    ) throws(ProtobufError) {
        guard histograms.count < Limit.writeHistograms else {
            throw ProtobufError(description: "more than \(Limit.writeHistograms) histograms in one request")
        }
        let index = try index(labels)
        histograms.append((index, timestamp, histogram, startTime))
        try add(exemplars, index)
    }

    mutating func add(_ entry: MetricMetadata) { metadata.append(entry) }

    private mutating func add(_ exemplars: [Exemplar], _ index: Int) throws(ProtobufError) {
        guard self.exemplars.count + exemplars.count <= Limit.writeExemplars else {
            throw ProtobufError(description: "more than \(Limit.writeExemplars) exemplars in one request")
        }
        for exemplar in exemplars { self.exemplars.append((index, exemplar)) }
    }

    private mutating func index(_ labels: Labels) throws(ProtobufError) -> Int {
        sampleByteBudget -= labels.encoded.count
        guard sampleByteBudget >= 0 else {
            throw ProtobufError(description: "the labels of one request's samples are too long: send fewer in each")
        }
        if let index = indices[labels] { return index }
        byteBudget -= labels.encoded.count
        guard byteBudget >= 0 else {
            throw ProtobufError(description: "labels of more than \(Limit.writeReferencedBytes) bytes in one request")
        }
        indices[labels] = series.count
        series.append(labels)
        return series.count - 1
    }
}
