import Model
import PromQL

/// An answer as promtool writes it: a line per series with its value and time, or a series' samples below its name.
func promqlText(_ value: QueryValue) -> String {
    switch value {
    case .scalar(let time, let number): return "scalar: \(formatFloat(number)) @[\(seconds(time))]\n"
    case .string(_, let text): return text + "\n"
    case .vector(let samples):
        return samples.map { "\($0.labels) => \(formatFloat($0.value)) @[\(seconds($0.timestampMs))]\n" }.joined()
    case .matrix(let series):
        return series.map { one in
            let points = zip(one.timestamps, one.values).map { "\(formatFloat($1)) @[\(seconds($0))]\n" }
            return "\(one.labels) =>\n" + points.joined()
        }.joined()
    }
}

private func seconds(_ milliseconds: Int64) -> String { formatFloat(Double(milliseconds) / 1000, .plain) }
