import FoundationEssentials
import Model
import PromQL

/// The JSON envelope of `/api/v1/query` and `/api/v1/query_range`, read back into a query's value.
struct ServerAnswer: Decodable {
    var error: String?
    var errorType: String?
    var warnings: [String]?
    var infos: [String]?
    private var data: ResultData?

    var value: QueryValue? { data?.value }
    var histograms: [Int: [ShownSeries.Point]] { data?.histograms ?? [:] }

    /// nil where the bytes are not such an envelope.
    init?(_ body: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(ServerAnswer.self, from: Data(body)) else { return nil }
        self = answer
    }
}

/// The JSON envelope of an endpoint that answers a list.
struct ServerList<Element: Decodable>: Decodable {
    var error: String?
    var errorType: String?
    var warnings: [String]?
    var infos: [String]?
    var data: [Element]?

    /// nil where the bytes are not such an envelope.
    init?(_ body: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(ServerList<Element>.self, from: Data(body)) else { return nil }
        self = answer
    }
}

private struct ResultData: Decodable {
    let value: QueryValue
    var histograms: [Int: [ShownSeries.Point]] = [:]

    private enum Key: String, CodingKey { case resultType, result }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        switch try fields.decode(String.self, forKey: .resultType) {
        case "scalar":
            let point = try fields.decode(Point.self, forKey: .result)
            value = .scalar(timestampMs: point.timestampMs, value: try point.value())
        case "string":
            let point = try fields.decode(Point.self, forKey: .result)
            value = .string(timestampMs: point.timestampMs, value: point.text)
        case "vector":
            let series = try fields.decode([InstantSeries].self, forKey: .result)
            value = .vector(try series.map { try $0.sample() })
            for (index, one) in series.enumerated() {
                if let point = try one.histogram?.shown() { histograms[index] = [point] }
            }
        case "matrix":
            let series = try fields.decode([RangeSeries].self, forKey: .result)
            value = .matrix(try series.map { try $0.series() })
            for (index, one) in series.enumerated() {
                if let points = one.histograms { histograms[index] = try points.map { try $0.shown() } }
            }
        case let other:
            throw DecodingError.dataCorruptedError(forKey: .resultType, in: fields, debugDescription: other)
        }
    }
}

private struct InstantSeries: Decodable {
    var metric: [String: String]
    var value: Point?
    var histogram: HistogramPoint?

    func sample() throws -> VectorSample {
        guard let time = value?.timestampMs ?? histogram?.timestampMs else {
            throw CommandFailure("a series has neither a value nor a histogram")
        }
        return VectorSample(labels: labels(metric), timestampMs: time, value: try value?.value() ?? .nan)
    }
}

private struct RangeSeries: Decodable {
    var metric: [String: String]
    var values: [Point]?
    var histograms: [HistogramPoint]?

    func series() throws -> MatrixSeries {
        let points = values ?? []
        return MatrixSeries(
            labels: labels(metric), timestamps: points.map(\.timestampMs), values: try points.map { try $0.value() })
    }
}

/// `[seconds, {"count": "4", "sum": "5", "buckets": [[bounds, "lower", "upper", "count"], …]}]`.
private struct HistogramPoint: Decodable {
    struct Content: Decodable {
        var count: String
        var sum: String
        var buckets: [Bucket]?
    }

    struct Bucket: Decodable {
        /// 0: the upper belongs to it, 1: the lower, 2: neither, 3: both.
        var bounds: Int
        var numbers: [String] = []

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            bounds = try list.decode(Int.self)
            for _ in 0..<3 { numbers.append(try list.decode(String.self)) }
        }
    }

    var timestampMs: Int64
    var content: Content

    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        timestampMs = try readTime(&pair)
        content = try pair.decode(Content.self)
    }

    func shown() throws -> ShownSeries.Point {
        let buckets = try (content.buckets ?? []).map { bucket in
            Histogram.Bucket(
                lower: try number(bucket.numbers[0]), upper: try number(bucket.numbers[1]),
                includesLower: bucket.bounds == 1 || bucket.bounds == 3,
                includesUpper: bucket.bounds == 0 || bucket.bounds == 3, count: try number(bucket.numbers[2]))
        }
        let text = histogramText(count: try number(content.count), sum: try number(content.sum), buckets: buckets)
        return ShownSeries.Point(timestampMs: timestampMs, text: text)
    }
}

/// `[seconds, "value"]`.
private struct Point: Decodable {
    var timestampMs: Int64
    var text: String

    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        timestampMs = try readTime(&pair)
        text = try pair.decode(String.self)
    }

    func value() throws -> Double { try number(text) }
}

/// Seconds, as milliseconds.
private func readTime(_ container: inout any UnkeyedDecodingContainer) throws -> Int64 {
    let seconds = try container.decode(Double.self)
    guard let milliseconds = Int64(exactly: (seconds * 1000).rounded()) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "time out of range")
    }
    return milliseconds
}

private func number(_ text: String) throws -> Double {
    switch text {
    case "NaN": return .nan
    case "+Inf": return .infinity
    case "-Inf": return -.infinity
    default:
        guard let value = Double(text) else { throw CommandFailure("'\(text)' is no sample value") }
        return value
    }
}

private func labels(_ pairs: [String: String]) -> Labels {
    Labels(pairs.map { (name: $0.key, value: $0.value) })
}
