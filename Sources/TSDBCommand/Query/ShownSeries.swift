import Model
import PromQL

/// A series of an answer, its points as they are written.
struct ShownSeries {
    struct Point {
        var timestampMs: Int64
        var text: String
    }

    var labels: Labels
    var numbers: [Point] = []
    var histograms: [Point] = []

    /// Numbers and histograms, in time order.
    var points: [Point] {
        // As good as always one of them is empty.
        histograms.isEmpty ? numbers : (numbers + histograms).sorted { $0.timestampMs < $1.timestampMs }
    }
}

extension QueryAnswer {
    /// The series of a vector or a matrix; nil of other answers.
    var series: [ShownSeries]? {
        switch value {
        case .scalar, .string: nil
        case .vector(let samples):
            samples.indices.map { index in
                let one = samples[index]
                var shown = ShownSeries(labels: one.labels, histograms: histograms[index] ?? [])
                if shown.histograms.isEmpty {
                    shown.numbers = [.init(timestampMs: one.timestampMs, text: formatFloat(one.value))]
                }
                return shown
            }
        case .matrix(let series):
            series.indices.map { index in
                let one = series[index]
                let numbers = zip(one.timestamps, one.values).map {
                    ShownSeries.Point(timestampMs: $0, text: formatFloat($1))
                }
                return ShownSeries(labels: one.labels, numbers: numbers, histograms: histograms[index] ?? [])
            }
        }
    }
}

/// A native histogram as promtool writes it.
func histogramText(count: Double, sum: Double, buckets: [Histogram.Bucket]) -> String {
    "Count: \(sixDecimals(count)), Sum: \(sixDecimals(sum)), "
        + "Buckets: [\(buckets.map(\.description).joined(separator: " "))]"
}

private func sixDecimals(_ value: Double) -> String {
    let whole = value.rounded(.towardZero)
    let millionths = ((value - whole).magnitude * 1_000_000).rounded(.toNearestOrEven)
    // Beyond this there are no fractions.
    guard value.magnitude < 0x1p53 else { return formatFloat(value, .plain) + (value.isFinite ? ".000000" : "") }
    let (carry, rest) = Int64(millionths).quotientAndRemainder(dividingBy: 1_000_000)
    let digits = String(rest)
    return (value < 0 ? "-" : "") + "\(Int64(whole.magnitude) + carry)."
        + String(repeating: "0", count: 6 - digits.count) + digits
}
