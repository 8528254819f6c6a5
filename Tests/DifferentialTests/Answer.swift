import FoundationEssentials
import Model
import TestSupport

/// A query's answer as the HTTP API gives it.
enum Answer: Sendable {
    case failure(String)
    case success(Result)

    struct Result: Sendable {
        var type: String
        var series: [Series]
        /// Without order: which comes first is not said.
        var warnings: Set<String>
        var infos: Set<String>
    }

    struct Series: Sendable {
        var labels: Labels
        var points: [Point]
    }

    struct Point: Sendable {
        var time: Int64
        /// The number; of a histogram its count, its sum, and per bucket how it is bounded, its bounds and its count.
        var numbers: [Double]
    }

    /// - Throws: where the bytes are no such answer.
    init(_ body: [UInt8]) throws {
        let envelope: Envelope
        do {
            envelope = try JSONDecoder().decode(Envelope.self, from: Data(body))
        } catch {
            throw TestFailure("\(error) in \(String(decoding: body.prefix(2000), as: UTF8.self))")
        }
        guard let data = envelope.data else {
            self = .failure("\(envelope.errorType ?? ""): \(envelope.error ?? "")")
            return
        }
        self = .success(
            Result(
                type: data.type, series: data.series, warnings: Set(envelope.warnings ?? []),
                infos: Set(envelope.infos ?? [])))
    }
}

private struct Envelope: Decodable {
    var error: String?
    var errorType: String?
    var warnings: [String]?
    var infos: [String]?
    var data: ResultData?
}

private struct ResultData: Decodable {
    var type: String
    var series: [Answer.Series]

    private enum Key: String, CodingKey { case resultType, result }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        type = try fields.decode(String.self, forKey: .resultType)
        switch type {
        case "scalar":
            series = [Answer.Series(labels: [:], points: [try fields.decode(PointText.self, forKey: .result).point])]
        case "string":
            // The text stands as a label.
            let text = try fields.decode(PointText.self, forKey: .result)
            series = [Answer.Series(labels: ["text": text.value], points: [.init(time: text.time, numbers: [])])]
        default:
            series = try fields.decode([SeriesText].self, forKey: .result).map(\.series)
        }
    }
}

private struct SeriesText: Decodable {
    var metric: [String: String]
    var value: PointText?
    var values: [PointText]?
    var histogram: PointText?
    var histograms: [PointText]?

    var series: Answer.Series {
        let all = [value, histogram].compactMap { $0 } + (values ?? []) + (histograms ?? [])
        return Answer.Series(
            labels: Labels(metric.map { (name: $0.key, value: $0.value) }),
            points: all.map(\.point).sorted { $0.time < $1.time })
    }
}

/// `[seconds, "number"]` or `[seconds, {a histogram}]`.
private struct PointText: Decodable {
    var time: Int64
    var value = ""
    var histogram: HistogramText?

    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        time = Int64((try pair.decode(Double.self) * 1000).rounded())
        if let text = try? pair.decode(String.self) {
            value = text
        } else {
            histogram = try pair.decode(HistogramText.self)
        }
    }

    var point: Answer.Point { Answer.Point(time: time, numbers: histogram?.numbers ?? [number(value)]) }
}

private struct HistogramText: Decodable {
    var count: String
    var sum: String
    var buckets: [BucketText]?

    var numbers: [Double] { [number(count), number(sum)] + (buckets ?? []).flatMap(\.numbers) }
}

/// `[how it is bounded, "from", "to", "count"]`.
private struct BucketText: Decodable {
    var numbers: [Double]

    init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        numbers = [try parts.decode(Double.self)]
        for _ in 0..<3 { numbers.append(number(try parts.decode(String.self))) }
    }
}

private func number(_ text: String) -> Double { Double(text) ?? .nan }
