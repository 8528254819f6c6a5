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

    private enum Key: String, CodingKey { case resultType, result }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        switch try fields.decode(String.self, forKey: .resultType) {
        case "scalar":
            let point = try fields.decode(Point.self, forKey: .result)
            value = .scalar(timestampMs: point.timestampMs, value: try point.number())
        case "string":
            let point = try fields.decode(Point.self, forKey: .result)
            value = .string(timestampMs: point.timestampMs, value: point.text)
        case "vector":
            value = .vector(
                try fields.decode([InstantSeries].self, forKey: .result).map {
                    VectorSample(
                        labels: labels($0.metric), timestampMs: $0.value.timestampMs, value: try $0.value.number())
                })
        case "matrix":
            value = .matrix(
                try fields.decode([RangeSeries].self, forKey: .result).map {
                    MatrixSeries(
                        labels: labels($0.metric), timestamps: $0.values.map(\.timestampMs),
                        values: try $0.values.map { try $0.number() })
                })
        case let other:
            throw DecodingError.dataCorruptedError(forKey: .resultType, in: fields, debugDescription: other)
        }
    }
}

private struct InstantSeries: Decodable {
    var metric: [String: String]
    var value: Point
}

private struct RangeSeries: Decodable {
    var metric: [String: String]
    var values: [Point]
}

/// `[seconds, "value"]`.
private struct Point: Decodable {
    var timestampMs: Int64
    var text: String

    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        let seconds = try pair.decode(Double.self)
        guard let milliseconds = Int64(exactly: (seconds * 1000).rounded()) else {
            throw DecodingError.dataCorruptedError(in: pair, debugDescription: "time out of range")
        }
        timestampMs = milliseconds
        text = try pair.decode(String.self)
    }

    func number() throws -> Double {
        switch text {
        case "NaN": return .nan
        case "+Inf": return .infinity
        case "-Inf": return -.infinity
        default:
            guard let value = Double(text) else { throw CommandFailure("'\(text)' is no sample value") }
            return value
        }
    }
}

private func labels(_ pairs: [String: String]) -> Labels {
    Labels(pairs.map { (name: $0.key, value: $0.value) })
}
