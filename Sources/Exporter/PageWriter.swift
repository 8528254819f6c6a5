import Glibc

/// Writes the page in the text format 0.0.4 as dcgm-exporter writes it: one HELP and TYPE per metric that any GPU has,
/// labels in DCGM's order, whole numbers plain and ratios with six decimals, no timestamps.
///
/// What does not change between pages (headers, label sets) is turned into bytes once; a page copies them.
///
/// Source: dcgm-exporter 4.5.3-4.8.2, `internal/pkg/rendermetrics`.
struct PageWriter: Sendable {
    private let rows: [(content: CounterList.Content, header: [UInt8], name: [UInt8])]
    private let labels: [EntityLabels]
    private let xidWindow: String
    private let clockEventWindow: String

    init(source: some GPUSource, counters: CounterList, settings: PageSettings) {
        rows = counters.rows.map { row in
            let header = "# HELP \(row.name) \(row.help.escapedHelp)\n# TYPE \(row.name) \(row.kind)\n"
            return (row.content, Array(header.utf8), Array(row.name.utf8))
        }
        let driverVersion = source.driverVersion
        labels = source.gpus.map { EntityLabels($0, driverVersion, counters.labels, settings) }
        xidWindow = "\(settings.xidWindowMs)"
        clockEventWindow = "\(settings.clockEventsWindowMs)"
    }

    /// The page for the GPUs given at the beginning, in their order; one that cannot be read is nil.
    func page(_ entities: [EntityState?], nowNs: UInt64) -> [UInt8] {
        var page: [UInt8] = []
        // 320: a sample line with its labels is some 250 bytes.
        page.reserveCapacity(entities.count * rows.count * 320)
        for row in rows {
            var family = Family(header: row.header, name: row.name)
            for (entity, labels) in zip(entities, labels) {
                if let entity { write(row.content, entity, labels, nowNs, &family, &page) }
            }
        }
        return page
    }

    private func write(
        _ content: CounterList.Content, _ entity: EntityState, _ labels: EntityLabels, _ nowNs: UInt64,
        _ family: inout Family, _ page: inout [UInt8]
    ) {
        switch content {
        case .metric(let metric, let conversion):
            guard let value = entity.reading[metric] else { return }
            let extra = metric == .lastXID ? xidLabels(value) : []
            family.add(conversion.applied(value), labels, extra, &page)
        case .statistic(let metric, let statistic, let conversion):
            guard let value = entity.history.statistic(metric, statistic) else { return }
            family.add(conversion.statistic(value), labels, [], &page)
        case .xidCount: writeXIDs(entity, labels, nowNs, &family, &page)
        case .xidTotal:
            for (code, count) in entity.history.xidTotals.sorted(by: { $0.key < $1.key }) {
                family.add(.whole(Int64(count)), labels, [("xid", "\(code)")], &page)
            }
        case .clockEventCount: writeClockEvents(entity, labels, &family, &page)
        case .clockEventTotal:
            for (name, count) in zip(clockEventNames, entity.history.clockEventTotals) where count > 0 {
                family.add(.whole(Int64(count)), labels, [("clock_event", name)], &page)
            }
        case .processMemory: writeProcesses(entity, labels, &family, &page)
        case .healthStatus:
            for watch in HealthWatch.all {
                guard let (level, code) = watch.result(entity.reading) else { continue }
                let extra = [("health_error_code", code), ("health_watch", watch.name)]
                family.add(.whole(level.rawValue), labels, extra, &page)
            }
        case .peerStatus:
            for peer in entity.reading.peers {
                let extra = [("link_status", peer.statusName), ("peer_gpu", "\(peer.index)")]
                family.add(.whole(Int64(peer.status)), labels, extra, &page)
            }
        }
    }

    private func writeXIDs(
        _ entity: EntityState, _ labels: EntityLabels, _ nowNs: UInt64, _ family: inout Family, _ page: inout [UInt8]
    ) {
        guard entity.reading[.lastXID] != nil else { return }
        let counts = entity.history.xidCounts(nowNs: nowNs)
        // Without any, one line without a code, as dcgm-exporter writes it.
        if counts.isEmpty { family.add(.whole(0), labels, [("window_size_in_ms", xidWindow)], &page) }
        for (code, count) in counts {
            family.add(.whole(Int64(count)), labels, [("window_size_in_ms", xidWindow), ("xid", "\(code)")], &page)
        }
    }

    private func writeClockEvents(
        _ entity: EntityState, _ labels: EntityLabels, _ family: inout Family, _ page: inout [UInt8]
    ) {
        guard entity.reading[.clockEventReasons] != nil else { return }
        let window = ("window_size_in_ms", clockEventWindow)
        let counts = zip(clockEventNames, entity.history.clockEventCounts).filter { $0.1 > 0 }
        if counts.isEmpty { family.add(.whole(0), labels, [window], &page) }
        for (name, count) in counts {
            family.add(.whole(Int64(count)), labels, [("clock_event", name), window], &page)
        }
    }

    private func writeProcesses(
        _ entity: EntityState, _ labels: EntityLabels, _ family: inout Family, _ page: inout [UInt8]
    ) {
        // One on several MIG instances of a GPU is there for each, side by side, and the page of the GPU has it once.
        var sums: [(process: GPUProcess, bytes: UInt64)] = []
        for process in entity.reading.processes {
            guard let bytes = process.memoryBytes else { continue }
            if let last = sums.last, last.process.pid == process.pid {
                sums[sums.count - 1].bytes = last.bytes &+ bytes
            } else {
                sums.append((process, bytes))
            }
        }
        for (process, bytes) in sums {
            var extra = [("pid", "\(process.pid)")]
            if let name = process.name { extra.append(("name", name)) }
            if let container = process.containerID { extra.append(("container_id", container)) }
            family.add(.whole(Int64(clamping: bytes)), labels, extra, &page)
        }
    }

    private func xidLabels(_ value: MetricValue) -> [(String, String)] {
        guard case .whole(let code) = value else { return [] }
        return [("err_code", "\(code)"), ("err_msg", xidText(code))]
    }
}

/// The lines of one metric. The header comes with the first of them.
private struct Family {
    let header: [UInt8]
    let name: [UInt8]
    private var isBegun = false

    init(header: [UInt8], name: [UInt8]) {
        self.header = header
        self.name = name
    }

    /// Not a number is DCGM's "blank": its line is left out.
    mutating func add(
        _ value: MetricValue?, _ labels: EntityLabels, _ extra: [(String, String)], _ page: inout [UInt8]
    ) {
        guard let value, value.isWritable else { return }
        if !isBegun { page += header }
        isBegun = true
        page += name
        page += labels.bytes
        for (name, value) in extra {
            page.append(UInt8(ascii: ","))
            page.appendLabel(name, value)
        }
        page += "} ".utf8
        page.append(value)
        page.append(UInt8(ascii: "\n"))
    }
}

/// `{gpu="0",…,DCGM_FI_DRIVER_VERSION="570"`: without the closing brace, as some metrics add labels.
struct EntityLabels: Sendable {
    let bytes: [UInt8]

    init(_ gpu: GPUIdentity, _ driverVersion: String, _ rows: [CounterList.LabelRow], _ settings: PageSettings) {
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
        if let instance = gpu.instance {
            pairs += [("GPU_I_PROFILE", instance.profile), ("GPU_I_ID", "\(instance.id)")]
        }
        if let hostname = settings.hostname { pairs.append((settings.hostnameLabel.rawValue, hostname)) }
        pairs += settings.pod.labels
        for row in rows.sorted(by: { $0.name < $1.name }) {
            let text = row.field == .driverVersion ? driverVersion : gpu.texts[row.field]
            if let text { pairs.append((row.name, text)) }
        }
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (place, pair) in pairs.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.appendLabel(pair.0, pair.1)
        }
        self.bytes = bytes
    }
}

extension MetricName.Conversion {
    /// A reading's value in the unit of the name; nil where it does not fit.
    func applied(_ value: MetricValue) -> MetricValue? {
        switch (self, value) {
        case (.none, _): value
        case (.times(let factor), .whole(let number)):
            number.multipliedReportingOverflow(by: factor).overflow ? nil : .whole(number * factor)
        case (.times(let factor), .real(let number)): .real(number * Double(factor))
        case (.dividedBy(let divisor), .whole(let number)): .whole(number / divisor)
        case (.dividedBy(let divisor), .real(let number)): .real(number / Double(divisor))
        case (.fraction(let whole), _): .real(value.double / whole)
        }
    }

    /// The same for a statistic, which has decimals whatever the metric has.
    func statistic(_ value: Double) -> MetricValue? { applied(.real(value)) }
}

extension MetricValue {
    fileprivate var isWritable: Bool {
        switch self {
        case .whole: true
        case .real(let value): value.isFinite
        }
    }
}

extension String {
    /// As the text format asks for help texts.
    fileprivate var escapedHelp: String {
        guard utf8.contains(UInt8(ascii: "\\")) else { return self }
        return split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
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
