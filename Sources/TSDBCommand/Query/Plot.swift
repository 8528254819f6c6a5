import Model
import PromQL

/// A range answer drawn with braille dots, two across and four down in each character, one colour a series.
struct Plot {
    private let series: [MatrixSeries]
    private let range: QueryTimeRange
    private let terminal: Terminal
    /// Series drawn at most: as many as there are colours to tell apart, twice over.
    static let seriesMax = 12
    private static let colours = [36, 33, 35, 32, 31, 34]

    init(_ value: QueryValue, range: QueryTimeRange, terminal: Terminal) {
        switch value {
        case .matrix(let matrix): series = matrix
        case .vector(let samples):
            series = samples.map { MatrixSeries(labels: $0.labels, timestamps: [$0.timestampMs], values: [$0.value]) }
        case .scalar(let time, let number):
            series = [MatrixSeries(labels: .empty, timestamps: [time], values: [number])]
        case .string: series = []
        }
        self.range = range
        self.terminal = terminal
    }

    /// The drawing: lines of text, each ended by a line break.
    func render() -> String {
        let shown = Array(series.prefix(Plot.seriesMax))
        let finite = shown.flatMap(\.values).filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return "No series in this range.\n" }
        let axis = Axis(low: low, high: high)
        let legend = legendLines(shown)
        let height = min(max(terminal.rows - legend.count - 4, 6), 20)
        let ticks = axis.ticks(rows: height)
        let margin = (ticks.compactMap { $0?.count }.max() ?? 0) + 2
        let width = max(terminal.columns - margin - 1, 20)
        var canvas = BrailleCanvas(columns: width, rows: height)
        for (index, one) in shown.enumerated() { draw(one, colour: index % Plot.colours.count, axis, into: &canvas) }
        var result = ""
        for row in 0..<height {
            let label = ticks[row] ?? ""
            let padding = String(repeating: " ", count: margin - 2 - label.count)
            result += "\(padding)\(label) \(ticks[row] == nil ? "│" : "┤")\(canvas.line(row) { paint($0, $1) })\n"
        }
        let edge = String(repeating: " ", count: margin - 1)
        result += "\(edge)└\(String(repeating: "─", count: width))\n"
        result += "\(edge) \(timeAxis(width: width))\n"
        return result + legend.joined()
    }

    private func draw(_ one: MatrixSeries, colour: Int, _ axis: Axis, into canvas: inout BrailleCanvas) {
        let span = max(Double(range.end) - Double(range.start), 1)
        var previous: (x: Int, y: Int, time: Int64)?
        for (time, value) in zip(one.timestamps, one.values) where value.isFinite {
            let x = Int(((Double(time) - Double(range.start)) / span * Double(canvas.dotColumns - 1)).rounded())
            let y = Int((axis.fraction(value) * Double(canvas.dotRows - 1)).rounded())
            // A missing point is a gap, not a line across it.
            if let previous, time - previous.time <= range.step {
                canvas.line(from: (previous.x, previous.y), to: (x, y), colour: colour)
            } else {
                canvas.set(x, y, colour: colour)
            }
            previous = (x, y, time)
        }
    }

    private func timeAxis(width: Int) -> String {
        let span = Double(range.end) - Double(range.start)
        let labels = [range.start, range.start / 2 + range.end / 2, range.end].map {
            localTime($0, withDate: span >= 86_400_000, withSeconds: span < 600_000)
        }
        let spare = max(width - labels.reduce(0) { $0 + $1.count }, 2)
        let left = String(repeating: " ", count: spare / 2)
        return labels[0] + left + labels[1] + String(repeating: " ", count: spare - spare / 2) + labels[2]
    }

    private func legendLines(_ shown: [MatrixSeries]) -> [String] {
        let names = legendNames(shown.map(\.labels))
        var lines = zip(shown, names).enumerated().map { index, entry in
            let (one, name) = entry
            let last = one.values.last.map { formatFloat($0) } ?? ""
            let mark = paint("━━", index % Plot.colours.count)
            let room = max(terminal.columns - last.count - 12, 20)
            return "  \(mark) \(name.count > room ? name.prefix(room - 1) + "…" : name)  last \(last)\n"
        }
        if series.count > shown.count { lines.append("  and \(series.count - shown.count) more series\n") }
        return lines
    }

    /// What tells the series apart, in as few characters as possible: of the labels that differ, those with the shortest
    /// values, until no two series have the same.
    private func legendNames(_ all: [Labels]) -> [String] {
        guard all.count > 1 else { return all.map(\.description) }
        let names = Set(all.flatMap { $0.map(\.name) })
        let differing = names.filter { name in Set(all.map { $0[name] }).count > 1 }
        let shortestFirst = differing.map { name in (all.reduce(name.count) { $0 + ($1[name] ?? "").count }, name) }
            .sorted { $0 < $1 }.map(\.1)
        let telling = shortestFirst.first { name in Set(all.map { $0[name] }).count == all.count }
        var kept = telling.map { [$0] } ?? []
        for name in shortestFirst where telling == nil && Set(all.map { $0.keeping(kept) }).count < all.count {
            kept.append(name)
        }
        let metric = Set(all.map(\.metricName)).count == 1 ? all[0].metricName : nil
        return all.map { labels in (metric ?? "") + labels.keeping(kept).description }
    }

    private func paint(_ text: String, _ colour: Int) -> String {
        terminal.hasColour ? "\u{1B}[\(Plot.colours[colour])m\(text)\u{1B}[0m" : text
    }
}

/// The vertical axis: the values' range, widened where they are all the same.
private struct Axis {
    var low: Double
    var high: Double

    init(low: Double, high: Double) {
        (self.low, self.high) = (low, high)
        if low == high {
            let half = low == 0 ? 1 : low.magnitude * 0.1
            (self.low, self.high) = (low - half, high + half)
        }
    }

    /// 0 at the bottom, 1 at the top. Halved first, so that the widest range does not overflow.
    func fraction(_ value: Double) -> Double {
        (value / 2 - low / 2) / (high / 2 - low / 2)
    }

    /// Per row from the top, the label of the value in its middle, or nil: one row in four has one.
    func ticks(rows: Int) -> [String?] {
        (0..<rows).map { row in
            guard row % 4 == 0 || row == rows - 1 else { return nil }
            let fraction = 1 - Double(row) / Double(rows - 1)
            return short(low + (high / 2 - low / 2) * fraction * 2)
        }
    }

    /// Three or four digits, with a metric prefix from 10,000 on.
    private func short(_ value: Double) -> String {
        for (unit, size) in [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)] where value.magnitude >= max(size, 1e4) {
            return trimmed(value / size) + unit
        }
        return trimmed(value)
    }

    private func trimmed(_ value: Double) -> String {
        let span = (high - low).magnitude
        if value.magnitude > 0, value.magnitude < 1e-3 || span < 1e-3 { return formatFloat(value, .general) }
        let scale: Double = value.magnitude >= 100 && span >= 10 ? 1 : value.magnitude >= 10 && span >= 1 ? 10 : 1000
        return formatFloat((value * scale).rounded() / scale)
    }
}
