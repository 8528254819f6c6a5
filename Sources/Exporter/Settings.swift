/// What the flags and the environment come to.
struct Settings: Equatable, Sendable {
    var address = ListenAddress(host: "", port: 9400)
    /// Nil where everybody may ask.
    var webConfigFile: String?
    var source = SourceSettings()
    var selection = DeviceSelection.all
    /// The GPUs are read this often, whether anybody asks or not; nil where it is left to the source.
    var collectIntervalMs: Int?
    var counters = CounterList.standard(.classic)
    var windows = EntityHistory.Windows()
    var page = PageSettings()
    var listsProcesses = false
    /// Sentences for the log: what in the file of counters is left out, which flags have no effect here.
    var warnings: [String] = []

    /// The GPUs that can be simulated: a bound on the page's size.
    static let simulatedMax = 256
    /// Faster than that no counter of a GPU changes.
    static let collectIntervalMsMin = 10
    /// A day: values older than that are of no use to anyone.
    static let collectIntervalMsMax = 86_400_000
    /// The longest look back of statistics: an hour.
    static let statisticsMsMax = 3_600_000

    /// What the source is to give.
    var request: SourceRequest {
        SourceRequest(
            selection: selection, metrics: counters.metrics, processes: listsProcesses,
            peers: counters.rows.contains { $0.content == .peerStatus })
    }
}

/// Where readings come from.
struct SourceSettings: Equatable, Sendable {
    enum Source: Equatable, Sendable {
        /// NVML, or nvidia-smi where NVML cannot be loaded.
        case automatic
        case nvml
        case smi
        case simulated(Int)
        case replayed(String)
    }

    var source = Source.automatic
    var seed: UInt64 = 1
    var libraryPath = "libnvidia-ml.so.1"
    var smiProgram = "nvidia-smi"
}

/// How samples are labelled.
struct PageSettings: Equatable, Sendable {
    /// Label names that differ between releases of dcgm-exporter.
    enum HostnameLabel: String, CaseIterable, Sendable {
        /// dcgm-exporter from 4.6.0-4.8.3 on.
        case lower = "hostname"
        /// Every release before.
        case upper = "Hostname"
    }

    /// Nil leaves the label out.
    var hostname: String?
    var hostnameLabel = HostnameLabel.lower
    /// `uuid` instead of `UUID`, as `--use-old-namespace` asks.
    var oldNamespace = false
    var replaceBlanksInModelName = false
    var pod = PodIdentity()
    var xidWindowMs = 300_000
    var clockEventsWindowMs = 300_000
}

/// Reads environment variables; injected so that tests need not change the process's own.
struct EnvironmentReader: Sendable {
    let lookUp: @Sendable (String) -> String?

    /// The variable's text; an empty variable counts as unset.
    func text(_ name: String) -> String? {
        lookUp(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// - Throws: `SourceError` naming the variable where it holds no number.
    func number(_ name: String) throws(SourceError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text) else {
            throw SourceError("environment variable \(name): \"\(text)\" is no whole number")
        }
        return number
    }

    /// - Throws: `SourceError` naming the variable where it is neither true nor false.
    func flag(_ name: String) throws(SourceError) -> Bool {
        switch text(name)?.lowercased() {
        case nil, "0", "f", "false": return false
        case "1", "t", "true": return true
        case .some(let other):
            throw SourceError("environment variable \(name): \"\(other)\" is neither true nor false")
        }
    }
}
