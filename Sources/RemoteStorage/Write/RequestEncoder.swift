import Model
import Protobuf
import RemoteProtocol
import Scraper

/// Makes write requests of their content, in either version of the protocol.
///
/// - Source: Prometheus, `prompb/remote.proto` and `prompb/io/prometheus/write/v2/types.proto`.
struct RequestEncoder: Sendable {
    let message: RemoteWriteConfiguration.Message
    /// What is known of a metric, which version 2.0 says with each series.
    let metadata: @Sendable (_ metric: String) -> MetricMetadata?

    func request(_ content: RequestContent) -> OutgoingRequest {
        var request = OutgoingRequest()
        for series in content.series {
            request.samples += series.floats.count
            request.histograms += series.histograms.count
            request.exemplars += series.exemplars.count
        }
        request.newest = content.newest
        request.body = snappyCompressed(message == .v1 ? version1(content) : version2(content))
        return request
    }

    /// Timeseries 1, of labels 1, samples 2, exemplars 3, histograms 4.
    private func version1(_ content: RequestContent) -> [UInt8] {
        var out = ProtobufWriter(capacity: 64 * content.count)
        for series in content.series {
            out.message(1) { out in
                out.labels(1, series.labels)
                for float in series.floats { out.sample(2, float.time, float.value) }
                for exemplar in series.exemplars {
                    out.message(3) {
                        $0.labels(1, exemplar.labels)
                        $0.double(2, exemplar.value)
                        $0.int64(3, exemplar.timestamp)
                    }
                }
                for one in series.histograms { out.histogram(4, one.time, one.histogram) }
            }
        }
        return out.bytes
    }

    /// Symbols 4, timeseries 5 of references to labels 1, samples 2, histograms 3, exemplars 4, metadata 5.
    private func version2(_ content: RequestContent) -> [UInt8] {
        var symbols = RequestSymbols()
        var all = ProtobufWriter(capacity: 64 * content.count)
        for series in content.series {
            all.message(5) { out in
                out.packedNumbers(1, symbols.references(series.labels))
                for float in series.floats { out.sample(2, float.time, float.value) }
                for one in series.histograms { out.histogram(3, one.time, one.histogram) }
                for exemplar in series.exemplars {
                    out.message(4) {
                        $0.packedNumbers(1, symbols.references(exemplar.labels))
                        $0.double(2, exemplar.value)
                        $0.int64(3, exemplar.timestamp)
                    }
                }
                guard let known = series.labels.metricName.flatMap({ metadata($0) }) else { return }
                out.message(5) {
                    $0.varint(1, known.type.protocolNumber)
                    $0.varint(3, symbols.reference(known.help))
                    $0.varint(4, symbols.reference(known.unit))
                }
            }
        }
        var out = ProtobufWriter(capacity: all.bytes.count + symbols.bytes)
        for symbol in symbols.list { out.bytes(4, symbol.utf8) }
        return out.bytes + all.bytes
    }

    /// A request of metadata alone, as version 1.0 has it: metadata 3 of type 1, family 2, help 4, unit 5.
    static func request(_ metadata: ArraySlice<MetricMetadata>) -> OutgoingRequest {
        var out = ProtobufWriter()
        for one in metadata { out.metadata(3, one) }
        var request = OutgoingRequest()
        request.metadata = metadata.count
        request.body = snappyCompressed(out.bytes)
        return request
    }
}

/// The strings of a request of version 2.0, each once; the first is empty.
private struct RequestSymbols {
    private(set) var list = [""]
    private(set) var bytes = 2
    private var places = ["": UInt64(0)]

    mutating func reference(_ text: String) -> UInt64 {
        if let place = places[text] { return place }
        let place = UInt64(list.count)
        places[text] = place
        list.append(text)
        bytes += text.utf8.count + 4
        return place
    }

    mutating func references(_ labels: Labels) -> [UInt64] {
        var found: [UInt64] = []
        for label in labels {
            found.append(reference(label.name))
            found.append(reference(label.value))
        }
        return found
    }
}
