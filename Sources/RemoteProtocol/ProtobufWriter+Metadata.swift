import Model
import Protobuf

extension ProtobufWriter {
    /// What is known of a metric, as write requests 1.0 have it: type 1, family 2, help 4, unit 5.
    package mutating func metadata(_ field: UInt64, _ metadata: MetricMetadata) {
        message(field) {
            $0.varint(1, metadata.type.protocolNumber)
            $0.string(2, metadata.metric)
            $0.string(4, metadata.help)
            $0.string(5, metadata.unit)
        }
    }
}

extension MetricMetadata.MetricType {
    /// The same in both versions of write requests.
    package var protocolNumber: UInt64 {
        switch self {
        case .unknown: 0
        case .counter: 1
        case .gauge: 2
        case .histogram: 3
        case .gaugehistogram: 4
        case .summary: 5
        case .info: 6
        case .stateset: 7
        }
    }
}
