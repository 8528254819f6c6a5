/// What the page shows: rows in their order, and the texts that are labels of every sample.
struct CounterList: Equatable, Sendable {
    struct Row: Equatable, Sendable {
        var content: Content
        var name: String
        /// `gauge` or `counter`, as the file of counters has it.
        var kind: String
        var help: String
    }

    enum Content: Equatable, Sendable {
        case metric(Metric, MetricName.Conversion)
        /// Over the statistics window.
        case statistic(Metric, Statistic, MetricName.Conversion)
        /// Events within the window of `-x` or `--clock-events-count-window-size`, and since the exporter's start.
        case xidCount, xidTotal, clockEventCount, clockEventTotal
        /// Memory of each process.
        case processMemory
        /// What is wrong with the GPU, and how it reaches the others.
        case healthStatus, peerStatus
    }

    enum Statistic: String, CaseIterable, Sendable {
        case min, max, avg
    }

    var rows: [Row]
    var labels: [LabelRow]

    /// A text that is a label of every sample.
    struct LabelRow: Equatable, Sendable {
        var field: TextField
        var name: String
    }

    /// dcgm-exporter's default counters.
    static func standard(_ names: NameSet) -> CounterList {
        var shown = metricTable.filter(\.isDefault)
        // As 4.9 does, whose capacity replaces the sum of three.
        if names == .modern { shown += metricTable.filter { $0.metric == .framebufferTotal } }
        return CounterList(
            rows: shown.map { Row($0, names) },
            labels: [LabelRow(field: .driverVersion, name: TextField.driverVersion.name(names))])
    }

    /// Everything that sources have to give for these rows.
    var metrics: MetricSet {
        var metrics: MetricSet = []
        for row in rows {
            switch row.content {
            case .metric(let metric, _), .statistic(let metric, _, _): metrics.insert(metric)
            case .xidCount, .xidTotal: metrics.insert(.lastXID)
            case .clockEventCount, .clockEventTotal: metrics.insert(.clockEventReasons)
            case .healthStatus: HealthWatch.metrics.forEach { metrics.insert($0) }
            case .processMemory, .peerStatus: break
            }
        }
        return metrics
    }

    /// Adds the least, the greatest and the mean value over the statistics window of power and of what says how busy a
    /// GPU is, each under the row's name and `_MIN`, `_MAX` or `_AVG`.
    mutating func addStatistics(windowMs: Int) {
        for row in rows {
            guard case .metric(let metric, let conversion) = row.content, Self.withStatistics.contains(metric) else {
                continue
            }
            for statistic in Statistic.allCases {
                rows.append(
                    Row(
                        content: .statistic(metric, statistic, conversion),
                        name: "\(row.name)_\(statistic.rawValue.uppercased())", kind: "gauge",
                        help: "\(row.help) The \(statistic.words) of the last \(windowMs) ms."))
            }
        }
    }

    /// Adds the memory of each process.
    mutating func addProcesses() {
        rows.append(
            Row(
                content: .processMemory, name: "gpu_process_memory_used_bytes", kind: "gauge",
                help: "GPU memory that a process holds."))
    }

    static let withStatistics: MetricSet = [
        .powerUsage, .gpuUtilisation, .memoryCopyUtilisation, .graphicsEngineActive, .smActive, .tensorActive,
        .dramActive,
    ]
}

/// Which names metrics have.
enum NameSet: String, CaseIterable, Sendable {
    /// Up to dcgm-exporter 4.8.
    case classic
    /// From dcgm-exporter 4.9 on.
    case modern = "4.9"
}

extension TextField {
    func name(_ set: NameSet) -> String {
        set == .modern ? names.modern : names.classic
    }
}

extension CounterList.Row {
    init(_ definition: MetricDefinition, _ names: NameSet) {
        let name = names == .modern ? definition.modern : definition.classic
        // A rate is declared what it is where no one's dashboard can depend on the old mistake.
        let isRate = definition.metric == .nvlinkBandwidth && names == .modern
        self.init(
            content: .metric(definition.metric, name.conversion), name: name.name,
            kind: isRate ? "gauge" : definition.kind.rawValue,
            help: names == .modern ? name.modernHelp(definition) : definition.help)
    }
}

extension MetricName {
    /// The help text with the unit that the name has.
    fileprivate func modernHelp(_ definition: MetricDefinition) -> String {
        guard conversion != definition.classic.conversion else { return definition.help }
        let words = definition.help.prefix { $0 != "(" && $0 != "." }.trimmed
        return "\(words) (\(unitWords))."
    }

    private var unitWords: String {
        for (ending, words) in [
            ("_HERTZ", "in Hz"), ("_JOULES_TOTAL", "in J"), ("_RATIO", "0 to 1"), ("_BYTES", "in bytes"),
            ("_SECONDS_TOTAL", "in s"),
        ] where name.hasSuffix(ending) { return words }
        return "in bytes per second"
    }
}

extension CounterList.Statistic {
    fileprivate var words: String {
        switch self {
        case .min: "least"
        case .max: "greatest"
        case .avg: "mean"
        }
    }
}
