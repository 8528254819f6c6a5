import Model
import PromQL

/// A query's result with the time that it took.
struct TimedResult: Sendable {
    let result: QueryResult
    let queueSeconds: Double
    let evaluationSeconds: Double

    /// The JSON that Prometheus gives as `stats`.
    /// - Parameter start: the query's first time, and `step` the distance of the others, in milliseconds.
    func statistics(start: Int64, step: Int64) -> [UInt8] {
        var out: [UInt8] = []
        out.append("{\"timings\":")
        appendTimings(to: &out)
        out.append(",\"samples\":")
        appendSamples(to: &out, start: start, step: step)
        out.append("}")
        return out
    }

    private func appendTimings(to out: inout [UInt8]) {
        let stats = result.stats
        let inner = max(0, stats.evalTotalSeconds - stats.preparationSeconds - stats.sortSeconds)
        let timings: [(StaticString, Double)] = [
            ("evalTotalTime", evaluationSeconds), ("resultSortTime", stats.sortSeconds),
            ("queryPreparationTime", stats.preparationSeconds), ("innerEvalTime", inner),
            ("execQueueTime", queueSeconds), ("execTotalTime", queueSeconds + evaluationSeconds),
        ]
        for (index, (name, seconds)) in timings.enumerated() {
            out.append(index == 0 ? "{\"" : ",\"")
            out.append(name)
            out.append("\":")
            out.appendFloat(seconds, .json)
        }
        out.append("}")
    }

    private func appendSamples(to out: inout [UInt8], start: Int64, step: Int64) {
        out.append("{")
        if !result.stats.samplesAtStep.isEmpty {
            out.append("\"totalQueryableSamplesPerStep\":")
            out.appendJSONArray(result.stats.samplesAtStep.enumerated()) { out, one in
                out.append("[")
                out.appendFloat(Double(start + Int64(one.offset) * step) / 1000, .json)
                out.append(",")
                out.appendDecimal(Int64(one.element))
                out.append("]")
            }
            out.append(",")
        }
        out.append("\"totalQueryableSamples\":")
        out.appendDecimal(Int64(result.stats.totalQueryableSamples))
        out.append(",\"peakSamples\":")
        out.appendDecimal(Int64(result.stats.peakSamples))
        out.append("}")
    }
}
