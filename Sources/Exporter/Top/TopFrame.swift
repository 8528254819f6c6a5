/// One picture of the GPUs, as lines of text. No clock, terminal or GPU in here.
struct TopFrame {
    struct Row {
        var gpu: GPUIdentity
        var reading: GPUReading?
        var problem: String?
    }

    let title: String
    let rows: [Row]

    /// What it shows.
    static let metrics: MetricSet = [
        .gpuUtilisation, .framebufferUsed, .framebufferTotal, .powerUsage, .powerLimitEnforced, .gpuTemperature,
        .memoryTemperature, .smClock, .graphicsEngineActive, .smActive, .tensorActive, .dramActive, .pcieTransmitted,
        .pcieReceived, .nvlinkBandwidth, .lastXID, .clockEventReasons,
    ]

    /// Columns that do not fit are left out from the right, lines that do not fit from the end.
    func lines(width: Int, height: Int, isColoured: Bool) -> [String] {
        var columns: [TopColumn] = []
        var used = 0
        for column in TopColumn.all where used + column.width + 1 <= width {
            columns.append(column)
            used += column.width + 1
        }
        let style = TopStyle(isColoured: isColoured)
        var lines = [style.bold(String(title.printable.prefix(width))), ""]
        lines.append(style.dim(columns.map(\.heading).joined(separator: " ")))
        for row in rows { lines.append(line(row, columns, width, style)) }
        lines += processLines(width, style)
        if lines.count > height { lines = Array(lines.prefix(max(0, height - 1))) + [style.dim("…")] }
        return lines
    }

    private func line(_ row: Row, _ columns: [TopColumn], _ width: Int, _ style: TopStyle) -> String {
        guard let reading = row.reading, row.problem == nil else {
            let text = "\(TopColumn.gpu(row.gpu).padded(to: 6)) \(row.problem?.printable ?? "has not been read yet")"
            return style.red(String(text.prefix(width)))
        }
        return columns.map { column in
            let cell = column.cell(row.gpu, reading)
            return style.coloured(cell.text.padded(to: column.width, atEnd: column.isText), cell.severity)
        }.joined(separator: " ")
    }

    private func processLines(_ width: Int, _ style: TopStyle) -> [String] {
        let processes = rows.flatMap { row in (row.reading?.processes ?? []).map { (row.gpu, $0) } }
        guard !processes.isEmpty else { return ["", style.dim(String("no processes are visible".prefix(width)))] }
        let heading = "GPU".padded(to: 6) + "PID".padded(to: 9) + "MEMORY".padded(to: 12) + "  NAME"
        return ["", style.dim(String(heading.prefix(width)))]
            + processes.map { gpu, process in
                let memory = process.memoryBytes.map { "\(gibibytes(Double($0))) GiB" } ?? "-"
                let text =
                    TopColumn.gpu(gpu).padded(to: 6) + "\(process.pid)".padded(to: 9) + memory.padded(to: 12) + "  "
                    + (process.name?.printable ?? "(not visible from here)")
                return String(text.prefix(width))
            }
    }
}

/// One column: its heading, its width, and what it says of a GPU.
struct TopColumn: Sendable {
    struct Cell: Sendable {
        var text: String
        var severity = TopStyle.Severity.none

        static let missing = Cell(text: "-")
    }

    let title: String
    let width: Int
    /// Text and bars begin at the left, numbers end at the right.
    var isText = false
    let cell: @Sendable (GPUIdentity, GPUReading) -> Cell

    var heading: String { title.padded(to: width, atEnd: isText) }

    static let all: [TopColumn] = [
        TopColumn(title: "GPU", width: 6) { gpu, _ in Cell(text: Self.gpu(gpu)) },
        TopColumn(title: "UTIL", width: 16, isText: true) { _, reading in
            // MIG instances have no utilisation of their own; their engine's ratio is what there is.
            let busy = reading[.gpuUtilisation]?.double ?? reading[.graphicsEngineActive].map { $0.double * 100 }
            guard let busy else { return .missing }
            let text = "\(bar(busy / 100, width: 10)) \("\(whole(busy))%".padded(to: 5))"
            return Cell(text: text, severity: busy >= 50 ? .good : .none)
        },
        TopColumn(title: "MEMORY GiB", width: 22, isText: true) { _, reading in
            guard let used = reading[.framebufferUsed]?.double, let total = reading[.framebufferTotal]?.double,
                total > 0
            else { return .missing }
            let text = "\(bar(used / total, width: 8)) \(gibibytes(used))/\(gibibytes(total))"
            return Cell(text: text, severity: used / total > 0.95 ? .warning : .none)
        },
        TopColumn(title: "POWER W", width: 9) { _, reading in
            guard let power = reading[.powerUsage]?.double else { return .missing }
            let limit = reading[.powerLimitEnforced]?.double
            let text = whole(power) + (limit.map { "/" + whole($0) } ?? "")
            return Cell(text: text, severity: limit.map { power > $0 * 0.97 } == true ? .warning : .none)
        },
        TopColumn(title: "°C", width: 4) { _, reading in
            guard let heat = reading[.gpuTemperature]?.double else { return .missing }
            return Cell(text: whole(heat), severity: heat >= 85 ? .bad : heat >= 75 ? .warning : .none)
        },
        TopColumn(title: "SM MHz", width: 6) { _, reading in number(reading[.smClock]) },
        TopColumn(title: "XID", width: 4) { _, reading in
            guard let code = reading[.lastXID]?.double else { return .missing }
            return Cell(text: whole(code), severity: code > 0 ? .bad : .none)
        },
        TopColumn(title: "SM", width: 4) { _, reading in ratio(reading[.smActive]) },
        TopColumn(title: "TENS", width: 4) { _, reading in ratio(reading[.tensorActive]) },
        TopColumn(title: "DRAM", width: 4) { _, reading in ratio(reading[.dramActive]) },
        TopColumn(title: "PCIe TX", width: 8) { _, reading in rate(reading[.pcieTransmitted]) },
        TopColumn(title: "PCIe RX", width: 8) { _, reading in rate(reading[.pcieReceived]) },
        TopColumn(title: "NVLink", width: 8) { _, reading in rate(reading[.nvlinkBandwidth]) },
        TopColumn(title: "HELD BACK BY", width: 16, isText: true) { _, reading in
            guard case .whole(let mask)? = reading[.clockEventReasons] else { return .missing }
            let names = clockEventNames.enumerated().filter { mask & (1 << $0.offset) != 0 }.map(\.element)
            let held = names.contains { $0 != "gpu_idle" && $0 != "clocks_setting" }
            return Cell(text: names.joined(separator: " "), severity: held ? .warning : .none)
        },
    ]

    /// `3`, or `3:7` for the MIG instance 7 of it.
    static func gpu(_ gpu: GPUIdentity) -> String {
        gpu.instance.map { "\(gpu.index):\($0.id)" } ?? "\(gpu.index)"
    }
}

private func number(_ value: MetricValue?) -> TopColumn.Cell {
    value.map { TopColumn.Cell(text: whole($0.double)) } ?? .missing
}

private func ratio(_ value: MetricValue?) -> TopColumn.Cell {
    value.map { TopColumn.Cell(text: whole($0.double * 100) + "%") } ?? .missing
}

/// Bytes per second with the prefix that leaves the fewest digits.
private func rate(_ value: MetricValue?) -> TopColumn.Cell {
    guard let bytes = value?.double else { return .missing }
    for (factor, unit) in [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s")] where bytes >= factor {
        let value = bytes / factor
        return TopColumn.Cell(text: (value < 100 ? tenths(value) : whole(value)) + unit)
    }
    return TopColumn.Cell(text: whole(bytes) + "B/s")
}

private func gibibytes(_ bytes: Double) -> String {
    tenths(bytes / 1_073_741_824)
}

/// Rounded; `-` for what is no number, or none that a GPU gives.
private func whole(_ value: Double) -> String { Int64(exactly: value.rounded()).map { "\($0)" } ?? "-" }

/// One decimal.
private func tenths(_ value: Double) -> String {
    guard let scaled = Int64(exactly: (value * 10).rounded()) else { return "-" }
    return "\(scaled < 0 ? "-" : "")\((scaled / 10).magnitude).\((scaled % 10).magnitude)"
}

private func bar(_ part: Double, width: Int) -> String {
    let filled = part.isNaN ? 0 : Int((max(0, min(1, part)) * Double(width)).rounded())
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
}

/// Colours, where there are any.
struct TopStyle {
    enum Severity: Sendable {
        case none, good, warning, bad
    }

    let isColoured: Bool

    func bold(_ text: String) -> String { wrapped(text, "1") }
    func dim(_ text: String) -> String { wrapped(text, "2") }
    func red(_ text: String) -> String { wrapped(text, "31") }

    func coloured(_ text: String, _ severity: Severity) -> String {
        switch severity {
        case .none: text
        case .good: wrapped(text, "32")
        case .warning: wrapped(text, "33")
        case .bad: wrapped(text, "31")
        }
    }

    private func wrapped(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    /// With blanks before it, or after it, to a width; cut where it is longer.
    fileprivate func padded(to width: Int, atEnd: Bool = false) -> String {
        let text = String(prefix(width))
        let blanks = String(repeating: " ", count: width - text.count)
        return atEnd ? text + blanks : blanks + text
    }
}

extension String {
    /// With a `?` for each control character: names are the driver's, or any user's, and a terminal obeys them.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
