import Model
import PromQL

/// An answer as promtool writes it: a line per series with its value and time, or a series' samples below its name, the
/// native histograms behind the numbers.
func promqlText(_ answer: QueryAnswer) -> String {
    func line(_ point: ShownSeries.Point) -> String { "\(point.text) @[\(seconds(point.timestampMs))]\n" }
    switch answer.value {
    case .scalar(let time, let number): return "scalar: \(formatFloat(number)) @[\(seconds(time))]\n"
    case .string(_, let text): return text + "\n"
    case .vector:
        return (answer.series ?? []).map { one in "\(one.labels) => " + one.points.map(line).joined() }.joined()
    case .matrix:
        return (answer.series ?? []).map { one in
            "\(one.labels) =>\n" + (one.numbers + one.histograms).map(line).joined()
        }.joined()
    }
}

private func seconds(_ milliseconds: Int64) -> String { formatFloat(Double(milliseconds) / 1000, .plain) }
