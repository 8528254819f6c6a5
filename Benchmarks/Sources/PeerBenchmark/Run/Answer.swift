import FoundationEssentials

/// The answer to a range query: by series, by time, the values.
struct Answer {
    private let series: [[String: String]: [Double: Double]]

    private init(series: [[String: String]: [Double: Double]]) { self.series = series }

    init(_ body: [UInt8]) throws {
        let answer = try JSONDecoder().decode(Body<Matrix>.self, from: Data(body))
        series = Dictionary(
            answer.data.result.map { entry in
                (entry.metric, Dictionary(entry.values.map { ($0.time, $0.value) }, uniquingKeysWith: { $1 }))
            }, uniquingKeysWith: { $1 })
    }

    /// How far an answer is from a reference: the largest relative difference of two values, or what cannot be compared.
    func difference(from reference: Answer) -> Difference {
        if series.keys == reference.series.keys { return compare(reference) }
        // VictoriaMetrics keeps the metric's name where a function's result is of the same kind.
        let (nameless, other) = (withoutNames(), reference.withoutNames())
        guard nameless.series.keys == other.series.keys, nameless.series.count == series.count else {
            return Difference(mismatch: "other series: \(series.count), not \(reference.series.count)")
        }
        var difference = nameless.compare(other)
        difference.mismatch = ["other names", difference.mismatch].compactMap { $0 }.joined(separator: ", ")
        return difference
    }

    /// The difference from an answer with the same series.
    private func compare(_ reference: Answer) -> Difference {
        var worst = 0.0
        var missing = 0
        for (labels, points) in series {
            guard let others = reference.series[labels] else { preconditionFailure("BUG: \(labels) is in one alone") }
            missing += Set(points.keys).symmetricDifference(others.keys).count
            for (time, value) in points {
                guard let other = others[time], value != other, !(value.isNaN && other.isNaN) else { continue }
                worst = max(worst, abs(value - other) / max(abs(value), abs(other)))
            }
        }
        return Difference(relative: worst, mismatch: missing == 0 ? nil : "\(missing) points are in one alone")
    }

    private func withoutNames() -> Answer {
        let renamed = series.map { labels, points in (labels.filter { $0.key != "__name__" }, points) }
        return Answer(series: Dictionary(renamed, uniquingKeysWith: { $1 }))
    }
}

/// How one answer differs from another.
struct Difference: Codable {
    /// The largest of the values in both, as a share of the larger one.
    var relative: Double?
    /// What there is in one of them alone.
    var mismatch: String?
}

/// The value of the only series in the answer to an instant query; nil where there are none or several.
func instantValue(_ body: [UInt8]) throws -> Double? {
    let result = try JSONDecoder().decode(Body<Vector>.self, from: Data(body)).data.result
    return result.count == 1 ? result[0].value.value : nil
}

private struct Body<Entry: Decodable>: Decodable {
    struct Content: Decodable {
        let result: [Entry]
    }
    let data: Content
}

private struct Matrix: Decodable {
    let metric: [String: String]
    let values: [Point]
}

private struct Vector: Decodable {
    let value: Point
}

private struct Point: Decodable {
    let time: Double
    let value: Double

    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        time = try pair.decode(Double.self)
        let text = try pair.decode(String.self)
        guard let value = Double(text) else { throw BenchmarkError("\(text) is no value") }
        self.value = value
    }
}
