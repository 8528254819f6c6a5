/// The messages of an OTLP metrics request that are read, by the names that their fields have in JSON.
///
/// - Source: OTLP 1.x, `opentelemetry/proto/metrics/v1/metrics.proto` and those that it imports.
enum OTLPSchema {
    enum Message {
        case request, resourceMetrics, resource, scopeMetrics, scope, metric
        case gauge, sum, histogram, exponentialHistogram, summary
        case numberPoint, histogramPoint, exponentialPoint, summaryPoint
        case buckets, quantile, exemplar, pair, value, list, map
    }

    /// Numbers have the names of protobuf's types.
    enum Kind {
        case message(Message)
        case text
        case base64
        case hexadecimal
        case bool
        case uint32
        case int64
        case uint64
        case sint32
        case fixed64
        case sfixed64
        case double
        /// A number, or the name at its index.
        case enumeration([String])
    }

    struct Field {
        let number: UInt64
        let kind: Kind
        var isRepeated = false

        init(_ number: UInt64, _ kind: Kind) { (self.number, self.kind) = (number, kind) }

        static func many(_ number: UInt64, _ kind: Kind) -> Field {
            var field = Field(number, kind)
            field.isRepeated = true
            return field
        }
    }

    /// Nil for a field that means nothing here.
    static func field(_ name: String, of message: Message) -> Field? { table[message]?[name] }

    private static let temporality = Field(
        2,
        .enumeration([
            "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA",
            "AGGREGATION_TEMPORALITY_CUMULATIVE",
        ]))

    private static let table: [Message: [String: Field]] = [
        .request: ["resourceMetrics": .many(1, .message(.resourceMetrics))],
        .resourceMetrics: [
            "resource": Field(1, .message(.resource)), "scopeMetrics": .many(2, .message(.scopeMetrics)),
        ],
        .resource: ["attributes": .many(1, .message(.pair))],
        .scopeMetrics: [
            "scope": Field(1, .message(.scope)), "metrics": .many(2, .message(.metric)), "schemaUrl": Field(3, .text),
        ],
        .scope: [
            "name": Field(1, .text), "version": Field(2, .text), "attributes": .many(3, .message(.pair)),
        ],
        .metric: [
            "name": Field(1, .text), "description": Field(2, .text), "unit": Field(3, .text),
            "gauge": Field(5, .message(.gauge)), "sum": Field(7, .message(.sum)),
            "histogram": Field(9, .message(.histogram)),
            "exponentialHistogram": Field(10, .message(.exponentialHistogram)),
            "summary": Field(11, .message(.summary)),
        ],
        .gauge: ["dataPoints": .many(1, .message(.numberPoint))],
        .sum: [
            "dataPoints": .many(1, .message(.numberPoint)), "aggregationTemporality": temporality,
            "isMonotonic": Field(3, .bool),
        ],
        .histogram: [
            "dataPoints": .many(1, .message(.histogramPoint)), "aggregationTemporality": temporality,
        ],
        .exponentialHistogram: [
            "dataPoints": .many(1, .message(.exponentialPoint)), "aggregationTemporality": temporality,
        ],
        .summary: ["dataPoints": .many(1, .message(.summaryPoint))],
        .numberPoint: [
            "startTimeUnixNano": Field(2, .fixed64), "timeUnixNano": Field(3, .fixed64), "asDouble": Field(4, .double),
            "exemplars": .many(5, .message(.exemplar)), "asInt": Field(6, .sfixed64),
            "attributes": .many(7, .message(.pair)), "flags": Field(8, .uint32),
        ],
        .histogramPoint: [
            "startTimeUnixNano": Field(2, .fixed64), "timeUnixNano": Field(3, .fixed64), "count": Field(4, .fixed64),
            "sum": Field(5, .double), "bucketCounts": .many(6, .fixed64), "explicitBounds": .many(7, .double),
            "exemplars": .many(8, .message(.exemplar)), "attributes": .many(9, .message(.pair)),
            "flags": Field(10, .uint32),
        ],
        .exponentialPoint: [
            "attributes": .many(1, .message(.pair)), "startTimeUnixNano": Field(2, .fixed64),
            "timeUnixNano": Field(3, .fixed64), "count": Field(4, .fixed64), "sum": Field(5, .double),
            "scale": Field(6, .sint32), "zeroCount": Field(7, .fixed64), "positive": Field(8, .message(.buckets)),
            "negative": Field(9, .message(.buckets)), "flags": Field(10, .uint32),
            "exemplars": .many(11, .message(.exemplar)),
        ],
        .summaryPoint: [
            "startTimeUnixNano": Field(2, .fixed64), "timeUnixNano": Field(3, .fixed64), "count": Field(4, .fixed64),
            "sum": Field(5, .double), "quantileValues": .many(6, .message(.quantile)),
            "attributes": .many(7, .message(.pair)), "flags": Field(8, .uint32),
        ],
        .buckets: ["offset": Field(1, .sint32), "bucketCounts": .many(2, .uint64)],
        .quantile: ["quantile": Field(1, .double), "value": Field(2, .double)],
        .exemplar: [
            "timeUnixNano": Field(2, .fixed64), "asDouble": Field(3, .double), "spanId": Field(4, .hexadecimal),
            "traceId": Field(5, .hexadecimal), "asInt": Field(6, .sfixed64),
            "filteredAttributes": .many(7, .message(.pair)),
        ],
        .pair: ["key": Field(1, .text), "value": Field(2, .message(.value))],
        .value: [
            "stringValue": Field(1, .text), "boolValue": Field(2, .bool), "intValue": Field(3, .int64),
            "doubleValue": Field(4, .double), "arrayValue": Field(5, .message(.list)),
            "kvlistValue": Field(6, .message(.map)), "bytesValue": Field(7, .base64),
        ],
        .list: ["values": .many(1, .message(.value))],
        .map: ["values": .many(1, .message(.pair))],
    ]
}
