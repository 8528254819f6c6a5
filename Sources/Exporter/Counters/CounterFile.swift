/// dcgm-exporter's CSV file of counters: field, Prometheus type, help text.
///
///     # comment
///     DCGM_FI_DEV_GPU_UTIL, gauge, GPU utilization (in %).
///     DCGM_FI_DRIVER_VERSION, label, Driver version
///
/// A field of DCGM that NVML does not give is a warning, so that a file that works in dcgm-exporter works here; anything
/// that dcgm-exporter would refuse is an error.
///
/// Source: dcgm-exporter 4.5.3-4.8.2, `internal/pkg/counters`.
struct CounterFile {
    private(set) var list = CounterList(rows: [], labels: [])
    /// A sentence for each row that shows nothing.
    private(set) var warnings: [String] = []

    /// A megabyte: a thousand times the file that dcgm-exporter ships.
    static let bytesMax = 1 << 20

    private let names: NameSet
    private let path: String

    /// - Throws: `SourceError` with the line's number, what it holds and what was expected.
    init(_ text: String, path: String, names: NameSet) throws(SourceError) {
        self.names = names
        self.path = path
        guard text.utf8.count <= Self.bytesMax else {
            throw SourceError("\(path): longer than \(Self.bytesMax) bytes: this is no file of counters")
        }
        // Some editors begin a file with a mark of its encoding.
        let lines = text.trimmingPrefix("\u{FEFF}").split(omittingEmptySubsequences: false) {
            $0 == "\n" || $0 == "\r\n" || $0 == "\r"
        }
        for (place, line) in lines.enumerated() {
            try read(line, number: place + 1)
        }
        guard !list.rows.isEmpty else {
            throw SourceError("\(path): no line names a field that can be shown, as in \(Self.example)")
        }
    }

    private static let example = "\"DCGM_FI_DEV_GPU_TEMP, gauge, GPU temperature (in C).\""

    private mutating func read(_ line: Substring, number: Int) throws(SourceError) {
        let line = line.trimmed
        if line.isEmpty || line.hasPrefix("#") { return }
        guard let parts = csvFields(line) else {
            throw SourceError("\(path):\(number): a quote that is opened is not closed")
        }
        guard parts.count == 3 else {
            let count = "\(parts.count) field\(parts.count == 1 ? "" : "s")"
            throw SourceError(
                "\(path):\(number): \(count) instead of three in \"\(line)\": expected as in \(Self.example)")
        }
        let (name, kind, help) = (parts[0], parts[1], parts[2])
        switch kind {
        case "gauge", "counter": try addRow(name, kind, help, number)
        case "label": addLabel(name, number)
        case "histogram", "summary":
            warnings.append("\(path):\(number): \(name): no field is a \(kind); it is left out")
        default:
            throw SourceError("\(path):\(number): \"\(kind)\" is no type of \(name): expected gauge, counter or label")
        }
    }

    private mutating func addRow(_ name: String, _ kind: String, _ help: String, _ number: Int) throws(SourceError) {
        if let content = Self.eventContents[name] {
            list.rows.append(.init(content: content, name: name, kind: kind, help: help))
        } else if let (definition, isModern) = Self.fields[name] {
            let shown = isModern || names == .modern ? definition.modern : definition.classic
            // A file written for one set of names and shown under the other describes other units.
            let help = shown.name == name ? help : CounterList.Row(definition, names).help
            list.rows.append(
                .init(content: .metric(definition.metric, shown.conversion), name: shown.name, kind: kind, help: help))
        } else if let problem = try unknown(name, number) {
            warnings.append(problem)
            return
        }
        if list.rows.dropLast().contains(where: { $0.name == list.rows.last?.name }) {
            throw SourceError("\(path):\(number): \(name) is there twice; remove one of the lines")
        }
    }

    private mutating func addLabel(_ name: String, _ number: Int) {
        guard let field = TextField.allCases.first(where: { $0.names.classic == name || $0.names.modern == name })
        else {
            warnings.append("\(path):\(number): \(name) cannot be a label here; it is left out")
            return
        }
        let shown = names == .modern ? field.names.modern : name
        if !list.labels.contains(where: { $0.name == shown }) { list.labels.append(.init(field: field, name: shown)) }
    }

    /// A warning for a field that is DCGM's, an error for anything else.
    private func unknown(_ name: String, _ number: Int) throws(SourceError) -> String? {
        let isDCGMs =
            (name.hasPrefix("DCGM_FI_") || name.hasPrefix("DCGM_EXP_"))
            && name.utf8.allSatisfy { isUpperOrDigit($0) || $0 == UInt8(ascii: "_") }
        let similar = nearest(name, Array(Self.fields.keys) + Array(Self.eventContents.keys))
        let hint = similar.map { "; did you mean \($0)?" } ?? ""
        guard isDCGMs else {
            throw SourceError(
                "\(path):\(number): \"\(name)\" is no field: expected a name as DCGM_FI_DEV_GPU_TEMP\(hint)")
        }
        return "\(path):\(number): NVML does not give \(name); it is left out\(hint)"
    }

    private static let fields: [String: (MetricDefinition, isModern: Bool)] = {
        var fields: [String: (MetricDefinition, isModern: Bool)] = [:]
        for definition in metricTable {
            fields[definition.modern.name] = (definition, true)
            fields[definition.classic.name] = (definition, false)
        }
        return fields
    }()

    private static let eventContents: [String: CounterList.Content] = [
        "DCGM_EXP_XID_ERRORS_COUNT": .xidCount,
        "DCGM_EXP_XID_ERRORS_TOTAL": .xidTotal,
        "DCGM_EXP_CLOCK_EVENTS_COUNT": .clockEventCount,
        "DCGM_EXP_CLOCK_EVENTS_TOTAL": .clockEventTotal,
        "DCGM_EXP_GPU_HEALTH_STATUS": .healthStatus,
        "DCGM_EXP_P2P_STATUS": .peerStatus,
    ]
}

/// The fields of a CSV line, without the blanks around them; nil where a quote stays open. As dcgm-exporter's reader
/// does, a comma within quotes belongs to the field.
private func csvFields(_ line: Substring) -> [String]? {
    var fields: [String] = []
    var field = ""
    var isQuoted = false
    for character in line {
        switch character {
        case "\"": isQuoted.toggle()
        case "," where !isQuoted:
            fields.append(String(field[...].trimmed))
            field = ""
        default: field.append(character)
        }
    }
    guard !isQuoted else { return nil }
    return fields + [String(field[...].trimmed)]
}

/// The candidate that differs least from a name, where it differs by no more than two characters.
private func nearest(_ name: String, _ candidates: [String]) -> String? {
    // 64: longer than every candidate; what is longer is no misspelling of one.
    guard name.utf8.count <= 64 else { return nil }
    let ranked = candidates.map { ($0, editDistance(Array(name.utf8), Array($0.utf8))) }
    return ranked.filter { $0.1 <= 2 }.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
}

/// Source: Wagner and Fischer, "The String-to-String Correction Problem", 1974.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (place, byte) in left.enumerated() {
        var diagonal = row[0]
        row[0] = place + 1
        for other in right.indices {
            let changed = diagonal + (byte == right[other] ? 0 : 1)
            diagonal = row[other + 1]
            row[other + 1] = min(changed, row[other] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}

private func isUpperOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

extension Substring {
    /// Without the blanks at both ends.
    var trimmed: Substring {
        var rest = self.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        while let last = rest.last, last == " " || last == "\t" || last == "\r" { rest.removeLast() }
        return rest
    }
}
