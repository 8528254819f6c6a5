import Exposition
import Model

/// One sample as it was read.
struct ReadSample: Equatable, CustomStringConvertible {
    var labels: Labels
    var valueBits: UInt64
    var timestamp: Int64?

    var description: String {
        "\(labels) \(Double(bitPattern: valueBits))" + (timestamp.map { " @\($0)" } ?? "")
    }
}

/// All that a page says, read line by line without a page before it.
func readPage(_ page: [UInt8], _ format: ExpositionFormat = .text) throws -> (
    samples: [ReadSample], metadata: [MetadataLine]
) {
    var samples: [ReadSample] = []
    var metadata: [MetadataLine] = []
    try page.withUnsafeBufferPointer { bytes in
        var parser = TextParser(bytes, format: format)
        while let line = try parser.nextLine() {
            switch line {
            case .comment(let text): if let found = try parser.metadata(of: text) { metadata.append(found) }
            case .sample(let head):
                let labels = try parser.labels(of: head)
                let value = try parser.readValue()
                samples.append(
                    ReadSample(
                        labels: Labels(labels.map { ($0.name, $0.value) }), valueBits: value.value.bitPattern,
                        timestamp: value.timestamp))
            }
        }
    }
    return (samples, metadata)
}

func readPage(_ page: String, _ format: ExpositionFormat = .text) throws -> (
    samples: [ReadSample], metadata: [MetadataLine]
) {
    try readPage(Array(page.utf8), format)
}

/// A page with every feature of the text format.
let samplePage = #"""
    # HELP http_requests_total The total number of HTTP requests.
    # TYPE http_requests_total counter
    http_requests_total{method="post",code="200"} 1027 1395066363000
    http_requests_total{method="post",code="400"}    3 1395066363000

    # Escaping in label values:
    msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
    metric_without_timestamp_and_labels 12.47
    something_weird{problem="division by zero"} +Inf -3982045
    # TYPE request_duration_seconds histogram
    request_duration_seconds_bucket{le="0.05"} 24054
    request_duration_seconds_bucket{le="1"} 133988
    request_duration_seconds_bucket{le="+Inf"} 144320
    request_duration_seconds_sum 53423
    request_duration_seconds_count 144320
    # HELP rpc_duration_seconds A summary of the RPC \\ duration\nin seconds.
    # TYPE rpc_duration_seconds summary
    rpc_duration_seconds{quantile="0.5"} 4773
    rpc_duration_seconds{quantile="1"} 76656
    {"a.dotted.name","label name"="x"} NaN
    spaced {a = "b" , c="d",} 5e-3

    """#
