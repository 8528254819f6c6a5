/// A page that was recorded from dcgm-exporter or from this exporter, served again: for dashboards, tests and reports.
///
/// Values do not move. Metrics that this exporter has no row for are left out, which the log says once.
struct ReplayedSource: GPUSource, GPULane {
    let name = "replayed"
    let driverVersion: String
    let gpus: [GPUIdentity]
    let warnings: [String]
    private let readings: [GPUReading]

    var lanes: [any GPULane] { [self] }

    /// 64 MB: a page of a thousand GPUs is some 10 MB.
    static let bytesMax = 64 << 20

    /// - Throws: `SourceError` with the line's number where the page is broken, or has no GPU.
    init(path: String, selection: DeviceSelection) throws(SourceError) {
        let page = try RecordedPage(try readTextFile(path, bytesMax: Self.bytesMax), path: path)
        let chosen = page.entries.filter { selection.contains($0.identity) }
        guard !page.entries.isEmpty else {
            throw SourceError("\(path): no line is a sample of a GPU, as DCGM_FI_DEV_GPU_TEMP{gpu=\"0\",…} 45 is")
        }
        guard !chosen.isEmpty else { throw SourceError("--devices chooses none of the GPUs of \(path)") }
        driverVersion = page.driverVersion ?? "replayed"
        gpus = chosen.map(\.identity)
        readings = chosen.map(\.reading)
        let unknown = page.unknownNames.sorted()
        warnings =
            unknown.isEmpty
            ? [] : ["\(path): left out, because there is no row for it: \(unknown.joined(separator: ", "))"]
    }

    func read() throws(SourceError) -> [GPUReading] { readings }
}

extension DeviceSelection {
    fileprivate func contains(_ gpu: GPUIdentity) -> Bool {
        gpu.instance == nil ? wantsWholeGPUs && containsGPU(gpu.index) : wantsInstances
    }
}

/// The samples of a page, by GPU.
struct RecordedPage {
    struct Entry {
        var identity: GPUIdentity
        var reading = GPUReading()
    }

    private(set) var entries: [Entry] = []
    private(set) var driverVersion: String?
    private(set) var unknownNames: Set<String> = []
    private let path: String

    /// GPUs of one page.
    private static let entriesMax = 4096
    /// Different names that are remembered for the log.
    private static let unknownMax = 64

    init(_ text: String, path: String) throws(SourceError) {
        self.path = path
        for (place, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") { continue }
            do {
                try add(try RecordedSample(line))
            } catch {
                throw SourceError("\(path):\(place + 1): \(error.description)")
            }
        }
    }

    private mutating func add(_ sample: RecordedSample) throws(SourceError) {
        guard let place = try entry(for: sample) else { return }
        guard let (metric, conversion) = Self.names[sample.name] else {
            if unknownNames.count < Self.unknownMax { unknownNames.insert(sample.name) }
            return
        }
        // "Not a number" says that the GPU has no such thing.
        guard sample.value.double.isFinite else { return }
        entries[place].reading[metric] = conversion.undone(sample.value)
    }

    /// The place of the sample's GPU; nil for a sample that is none of a GPU's.
    private mutating func entry(for sample: RecordedSample) throws(SourceError) -> Int? {
        let labels = sample.labels
        guard let text = labels["gpu"] else { return nil }
        guard let index = Int(text), index >= 0 else {
            throw SourceError("gpu=\"\(text)\" is no index: expected a whole number, as in gpu=\"0\"")
        }
        var identity = GPUIdentity(
            index: index, uuid: labels["UUID"] ?? labels["uuid"] ?? "", pciBusID: labels["pci_bus_id"] ?? "",
            modelName: labels["modelName"] ?? "")
        if let id = labels["GPU_I_ID"].flatMap({ UInt32($0) }) {
            identity.instance = .init(profile: labels["GPU_I_PROFILE"] ?? "", id: id)
        }
        for field in TextField.allCases {
            identity.texts[field] = labels[field.names.classic] ?? labels[field.names.modern]
        }
        driverVersion = driverVersion ?? identity.texts[.driverVersion]
        if let place = entries.firstIndex(where: { $0.identity.isSameGPU(identity) }) { return place }
        guard entries.count < Self.entriesMax else { throw SourceError("more than \(Self.entriesMax) GPUs") }
        entries.append(Entry(identity: identity))
        return entries.count - 1
    }

    private static let names: [String: (Metric, MetricName.Conversion)] = {
        var names: [String: (Metric, MetricName.Conversion)] = [:]
        for definition in metricTable {
            for name in [definition.modern, definition.classic] {
                names[name.name] = (definition.metric, name.conversion)
            }
        }
        return names
    }()
}

extension GPUIdentity {
    fileprivate func isSameGPU(_ other: GPUIdentity) -> Bool {
        index == other.index && uuid == other.uuid && instance?.id == other.instance?.id
    }
}

extension MetricName.Conversion {
    /// From the unit of a name back to that of readings.
    fileprivate func undone(_ value: MetricValue) -> MetricValue? {
        switch (self, value) {
        case (.none, _): value
        case (.times(let factor), _): Int64(exactly: (value.double / Double(factor)).rounded()).map { .whole($0) }
        case (.dividedBy(let divisor), _):
            Int64(exactly: (value.double * Double(divisor)).rounded()).map { .whole($0) }
        case (.fraction(let whole), _): Int64(exactly: (value.double * whole).rounded()).map { .whole($0) }
        }
    }
}
