import Model

/// A row per sample: metric, labels, time in Unix seconds as `tsdb query` has it, value.
struct CSVWriter: ExportWriter {
    /// The labels that have columns; where it is empty, one column has all as JSON.
    let labels: [String]
    private var histogramCount = 0
    private var staleCount = 0

    init(labels: [String]) { self.labels = labels }

    mutating func begin(_ text: inout [UInt8]) {
        let columns = ["metric"] + (labels.isEmpty ? ["labels"] : labels) + ["timestamp", "value"]
        text += Array((columns.map(csvField).joined(separator: ",") + "\n").utf8)
    }

    mutating func write(_ labels: Labels, _ samples: SampleBuffer, _ range: Range<Int>, _ text: inout [UInt8]) {
        let columns =
            self.labels.isEmpty ? [jsonObject(labels.withoutMetricName)] : self.labels.map { labels[$0] ?? "" }
        let head = Array((([labels.metricName ?? ""] + columns).map(csvField).joined(separator: ",") + ",").utf8)
        let histograms = Set(samples.histograms.lazy.map(\.index).filter { range.contains($0) })
        for index in range {
            let value = samples.values[index]
            if histograms.contains(index) {
                histogramCount += 1
            } else if StaleMarker.isStale(value) {
                staleCount += 1
            } else {
                text += head
                text.appendSeconds(samples.timestamps[index])
                text.append(UInt8(ascii: ","))
                text.appendFloat(value, .plain)
                text.append(UInt8(ascii: "\n"))
            }
        }
    }

    mutating func end(_ text: inout [UInt8]) {}

    var notice: String? {
        guard histogramCount + staleCount > 0 else { return nil }
        return
            "left out \(histogramCount) native histograms and \(staleCount) staleness markers; --format jsonl has them"
    }
}

/// Labels as a JSON object.
func jsonObject(_ labels: Labels) -> String {
    "{" + labels.map { "\(jsonString($0.name)):\(jsonString($0.value))" }.joined(separator: ",") + "}"
}
