import Model
import PromQL

/// An instant answer as aligned columns: one per label that is not the same in all series, then the value. What is the
/// same is said once, below.
func instantTable(_ answer: QueryAnswer) -> String {
    if case .matrix = answer.value { return rangeTable(answer) }
    guard let series = answer.series else { return plainText(answer.value) }
    if series.isEmpty { return "No series.\n" }
    let all = series.map(\.labels)
    let names = labelNames(all).filter { name in
        name == Labels.metricNameLabel || all.count == 1 || all.contains { $0[name] != all[0][name] }
    }
    let rows = series.map { one in names.map { one.labels[$0] ?? "" } + one.points.map(\.text) }
    let common = all[0].removing(names)
    return aligned(header: names.map(headerName) + ["value"], rows: rows, numericFrom: names.count)
        + (common.isEmpty ? "" : "All have \(common)\n")
}

/// A range answer as a line per series and point.
func rangeTable(_ answer: QueryAnswer) -> String {
    guard let series = answer.series else { return plainText(answer.value) }
    if series.isEmpty { return "No series.\n" }
    let names = labelNames(series.map(\.labels))
    let rows = series.flatMap { one in
        let labels = names.map { one.labels[$0] ?? "" }
        return one.points.map { labels + [rfc3339($0.timestampMs), $0.text] }
    }
    return aligned(header: names.map(headerName) + ["time", "value"], rows: rows, numericFrom: names.count + 1)
}

private func plainText(_ value: QueryValue) -> String {
    switch value {
    case .scalar(_, let number): formatFloat(number) + "\n"
    case .string(_, let text): text + "\n"
    case .vector, .matrix: ""
    }
}

/// Any answer as comma-separated values: a column per label, `timestamp` in Unix seconds, `value`.
func csv(_ answer: QueryAnswer) -> String {
    let series: [ShownSeries]
    switch answer.value {
    case .scalar(let time, let number):
        series = [ShownSeries(labels: .empty, numbers: [.init(timestampMs: time, text: formatFloat(number))])]
    case .string(let time, let text): return "timestamp,value\n\(seconds(time)),\(csvField(text))\n"
    case .vector, .matrix: series = answer.series ?? []
    }
    let names = labelNames(series.map(\.labels))
    var result = (names + ["timestamp", "value"]).map(csvField).joined(separator: ",") + "\n"
    for one in series {
        let prefix = names.map { csvField(one.labels[$0] ?? "") + "," }.joined()
        for point in one.points { result += "\(prefix)\(seconds(point.timestampMs)),\(csvField(point.text))\n" }
    }
    return result
}

/// All label names, the metric's name first.
private func labelNames(_ all: [Labels]) -> [String] {
    let names = Set(all.flatMap { $0.map(\.name) })
    let others = names.subtracting([Labels.metricNameLabel]).sorted(by: byteOrder)
    return names.contains(Labels.metricNameLabel) ? [Labels.metricNameLabel] + others : others
}

private func headerName(_ label: String) -> String {
    label == Labels.metricNameLabel ? "metric" : label
}

private func seconds(_ milliseconds: Int64) -> String {
    formatFloat(Double(milliseconds) / 1000, .plain)
}

/// A field between quotes where it holds a comma, a quote or a line break (RFC 4180).
func csvField(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }) else { return text }
    let doubled = text.map { $0 == "\"" ? "\"\"" : String($0) }.joined()
    return "\"\(doubled)\""
}

/// Columns padded to their widest cell, those from `numericFrom` on flush right.
func aligned(header: [String], rows: [[String]], numericFrom: Int) -> String {
    let widths = header.indices.map { column in
        max(header[column].count, rows.lazy.map { $0[column].count }.max() ?? 0)
    }
    func line(_ cells: [String]) -> String {
        let padded = cells.enumerated().map { column, cell in
            let space = String(repeating: " ", count: widths[column] - cell.count)
            return column >= numericFrom ? space + cell : cell + space
        }.joined(separator: "  ")
        return String(padded.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    return line(header) + rows.map(line).joined()
}
