import Model
import PromQL

/// The whole text that `/api/v1/query` and `/api/v1/query_range` answer with for `result`.
public func encodeAnswer(_ result: QueryResult) -> [UInt8] {
    QueryAnswer(result).collect()
}

/// The text of a query's answer, written series by series.
struct QueryAnswer: ChunkedBody {
    private enum Stage {
        case head
        case elements
        case tail
    }

    private let result: QueryResult
    /// The value of `stats`, or nothing.
    private let stats: [UInt8]
    private var stage = Stage.head
    /// The next element of a vector.
    private var element = 0
    /// What of a matrix comes next, and what its pieces are written to.
    private var place = MatrixText.Place()
    private var pieces: [[UInt8]] = []

    init(_ result: QueryResult, stats: [UInt8] = []) {
        self.result = result
        self.stats = stats
    }

    mutating func write(into out: inout [UInt8]) -> Bool {
        while true {
            switch stage {
            case .head:
                writeHead(&out)
                stage = .elements
            case .elements:
                guard writeElements(&out) else { return true }
                stage = .tail
            case .tail:
                writeTail(&out)
                return false
            }
        }
    }

    private func writeHead(_ out: inout [UInt8]) {
        Envelope.begin(&out)
        out.append("{\"resultType\":\"")
        switch result.value {
        case .scalar: out.append("scalar")
        case .string: out.append("string")
        case .vector: out.append("vector")
        case .matrix: out.append("matrix")
        }
        out.append("\",\"result\":[")
    }

    private func writeTail(_ out: inout [UInt8]) {
        out.append("]")
        if !stats.isEmpty {
            out.append(",\"stats\":")
            out += stats
        }
        out.append("}")
        Envelope.end(&out, warnings: result.warnings, infos: result.infos)
    }

    /// Returns false where the chunk is full before the elements are written.
    private mutating func writeElements(_ out: inout [UInt8]) -> Bool {
        switch result.value {
        case .scalar(let timestamp, let value):
            // Here seconds are a float without padding, unlike those of vectors and matrices.
            out.appendFloat(Double(timestamp) / 1000, .json)
            out.append(",\"")
            out.appendFloat(value, .json)
            out.append("\"")
            return true
        case .string(let timestamp, let value):
            out.appendFloat(Double(timestamp) / 1000, .json)
            out.append(",")
            out.appendJSONString(value)
            return true
        case .vector(let samples): return writeVector(samples, &out)
        case .matrix(let series): return !MatrixText(series: series).write(from: &place, to: &out, &pieces)
        }
    }

    private mutating func writeVector(_ samples: [VectorSample], _ out: inout [UInt8]) -> Bool {
        while element < samples.count {
            if out.count >= Limit.chunkBytes { return false }
            if element > 0 { out.append(UInt8(ascii: ",")) }
            out.append("{\"metric\":")
            out.appendJSONLabels(samples[element].labels)
            if let histogram = samples[element].histogram {
                out.append(",\"histogram\":")
                out.appendPoint(samples[element].timestampMs, histogram)
            } else {
                out.append(",\"value\":")
                out.appendPoint(samples[element].timestampMs, samples[element].value)
            }
            out.append(UInt8(ascii: "}"))
            element += 1
        }
        return true
    }
}

extension [UInt8] {
    /// Appends a native histogram: `[seconds,{"count":"4","sum":"5","buckets":[[0,"0.5","1","1"],…]}]`, buckets in
    /// ascending order and only those that hold anything.
    mutating func appendPoint(_ milliseconds: Int64, _ histogram: Histogram) {
        append("[")
        appendTimestamp(milliseconds)
        append(",{\"count\":")
        appendQuoted(histogram.count)
        append(",\"sum\":")
        appendQuoted(histogram.sum)
        let buckets = histogram.populatedBuckets
        if !buckets.isEmpty {
            append(",\"buckets\":")
            appendJSONArray(buckets) { out, bucket in out.append(bucket) }
        }
        append("}]")
    }

    /// Appends `[bounds,"lower","upper","count"]`, where `bounds` says which of them belong to the bucket: 0 the upper, 1
    /// the lower, 2 neither, 3 both.
    private mutating func append(_ bucket: Histogram.Bucket) {
        append("[")
        appendDecimal(bucket.includesLower ? (bucket.includesUpper ? 3 : 1) : (bucket.includesUpper ? 0 : 2))
        for number in [bucket.lower, bucket.upper, bucket.count] {
            append(",")
            appendQuoted(number)
        }
        append("]")
    }

    private mutating func appendQuoted(_ number: Double) {
        append("\"")
        appendFloat(number, .json)
        append("\"")
    }
}
