import Glibc

/// Writes the page in the text format 0.0.4 as dcgm-exporter writes it: one HELP and TYPE per metric that any GPU has,
/// labels in DCGM's order, whole numbers plain and ratios with six decimals, no timestamps.
///
/// What does not change between pages (headers, label sets) is turned into bytes once; a page copies them.
///
/// Source: dcgm-exporter 4.5.3-4.8.2, `internal/pkg/rendermetrics`.
struct PageWriter: Sendable {
    private let headers: [[UInt8]]
    private let names: [[UInt8]]
    /// `{gpu="0",…,DCGM_FI_DRIVER_VERSION="570"` for each GPU: without the closing brace, as XID errors add labels.
    private let labels: [[UInt8]]

    init(gpus: [GPUIdentity], driverVersion: String, settings: Settings) {
        headers = metricTable.map {
            Array("# HELP \($0.name) \($0.help)\n# TYPE \($0.name) \($0.kind.rawValue)\n".utf8)
        }
        names = metricTable.map { Array($0.name.utf8) }
        labels = gpus.map { Self.labelBytes($0, driverVersion: driverVersion, settings: settings) }
    }

    /// The page for these readings, in the order of the GPUs given at the beginning.
    func page(_ readings: [GPUReading]) -> [UInt8] {
        var page: [UInt8] = []
        // 320: a sample line with its labels is some 250 bytes.
        page.reserveCapacity(readings.count * metricTable.count * 320)
        for (row, definition) in metricTable.enumerated() {
            var headed = false
            for (reading, labels) in zip(readings, labels) {
                guard let value = reading[definition.metric], value.isWritable else { continue }
                if !headed { page += headers[row] }
                headed = true
                page += names[row]
                page += labels
                if definition.metric == .lastXID { page.appendXIDLabels(value) }
                page += [UInt8(ascii: "}"), UInt8(ascii: " ")]
                page.append(value)
                page.append(UInt8(ascii: "\n"))
            }
        }
        return page
    }

    private static func labelBytes(_ gpu: GPUIdentity, driverVersion: String, settings: Settings) -> [UInt8] {
        let model =
            settings.replaceBlanksInModelName
            ? String(gpu.modelName.map { $0 == " " ? "_" : $0 }) : gpu.modelName
        var pairs = [
            ("gpu", "\(gpu.index)"),
            (settings.oldNamespace ? "uuid" : "UUID", gpu.uuid),
            ("pci_bus_id", gpu.pciBusID),
            ("device", "nvidia\(gpu.index)"),
            ("modelName", model),
        ]
        if let hostname = settings.hostname { pairs.append((settings.hostnameLabel.rawValue, hostname)) }
        pairs.append(("DCGM_FI_DRIVER_VERSION", driverVersion))
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (place, pair) in pairs.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.appendLabel(pair.0, pair.1)
        }
        return bytes
    }
}

extension MetricValue {
    /// Not a number is DCGM's "blank": its line is left out.
    fileprivate var isWritable: Bool {
        switch self {
        case .whole: true
        case .real(let value): value.isFinite
        }
    }
}

extension [UInt8] {
    /// Appends `name="value"`, the value escaped as the text format asks.
    fileprivate mutating func appendLabel(_ name: String, _ value: String) {
        self += name.utf8
        self += "=\"".utf8
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): self += "\\\\".utf8
            case UInt8(ascii: "\""): self += "\\\"".utf8
            case UInt8(ascii: "\n"): self += "\\n".utf8
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    fileprivate mutating func appendXIDLabels(_ value: MetricValue) {
        guard case .whole(let code) = value else { return }
        append(UInt8(ascii: ","))
        appendLabel("err_code", "\(code)")
        append(UInt8(ascii: ","))
        appendLabel("err_msg", xidText(code))
    }

    fileprivate mutating func append(_ value: MetricValue) {
        switch value {
        case .whole(let number): self += "\(number)".utf8
        case .real(let number): appendSixDecimals(number)
        }
    }

    /// C's `%f`: six decimals, never an exponent.
    private mutating func appendSixDecimals(_ number: Double) {
        // 320: the longest double has 309 digits before the point, then a sign, the point, six decimals and a zero.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 320) { text in
            let length = withVaList([number]) { vsnprintf(text.baseAddress, text.count, "%f", $0) }
            for place in 0..<Swift.max(0, Swift.min(Int(length), text.count - 1)) {
                append(UInt8(bitPattern: text[place]))
            }
        }
    }
}
