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
    /// The next element of a vector or matrix, and in it the next point.
    private var element = 0
    private var point = 0

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
        case .matrix(let series): return writeMatrix(series, &out)
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

    private mutating func writeMatrix(_ series: [MatrixSeries], _ out: inout [UInt8]) -> Bool {
        while element < series.count {
            if point == 0 {
                if element > 0 { out.append(UInt8(ascii: ",")) }
                out.append("{\"metric\":")
                out.appendJSONLabels(series[element].labels)
                if !series[element].timestamps.isEmpty { out.append(",\"values\":[") }
            }
            guard writePoints(series[element], &out), writeHistograms(series[element], &out) else { return false }
            out.append("}")
            element += 1
            point = 0
        }
        return true
    }

    /// Returns false where the chunk is full before the numbers are written.
    private mutating func writePoints(_ series: MatrixSeries, _ out: inout [UInt8]) -> Bool {
        let count = min(series.timestamps.count, series.values.count)
        if point >= count { return true }
        series.timestamps.withUnsafeBufferPointer { timestamps in
            series.values.withUnsafeBufferPointer { values in
                var index = point
                // At least once, so that a series' head is written only once.
                while index < count, index == point || out.count < Limit.chunkBytes {
                    guard let times = timestamps.baseAddress, let numbers = values.baseAddress else { break }
                    if index > 0 { out.append(UInt8(ascii: ",")) }
                    let next = min(pointsAtOnce, count - index)
                    out.appendPoints(times + index, numbers + index, next)
                    index += next
                }
                point = index
            }
        }
        if point < count { return false }
        out.append("]")
        return true
    }

    /// Writes the histograms, which are counted after the numbers; returns false where the chunk is full before.
    private mutating func writeHistograms(_ series: MatrixSeries, _ out: inout [UInt8]) -> Bool {
        let numbers = min(series.timestamps.count, series.values.count)
        let begin = point
        while point < numbers + series.histograms.count {
            if point > begin, out.count >= Limit.chunkBytes { return false }
            out.append(point == numbers ? ",\"histograms\":[" : ",")
            let one = series.histograms[point - numbers]
            out.appendPoint(one.timestampMs, one.histogram)
            point += 1
        }
        if !series.histograms.isEmpty { out.append("]") }
        return true
    }
}

extension [UInt8] {
    /// Appends a native histogram: `[seconds,{"count":"4","sum":"5","buckets":[[0,"0.5","1","1"],…]}]`, buckets in
    /// ascending order and only those that hold anything.
    fileprivate mutating func appendPoint(_ milliseconds: Int64, _ histogram: Histogram) {
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
