import Glibc

extension GPUExporterCommand {
    /// The flags over the environment over the defaults.
    ///
    /// - Parameter readsFiles: false checks the flags alone.
    /// - Throws: `SourceError` naming the flag, variable or line that is wrong, and what was expected.
    func settings(_ environment: EnvironmentReader, readsFiles: Bool) throws(SourceError) -> Settings {
        var settings = Settings()
        if let text = address ?? environment.text("DCGM_EXPORTER_LISTEN") {
            settings.address = try ListenAddress(parsing: text)
        }
        settings.webConfigFile = webConfigFile ?? environment.text("DCGM_EXPORTER_WEB_CONFIG_FILE")
        settings.source = try source.settings()
        settings.selection = try source.selection(environment)
        settings.collectIntervalMs = try chosenInterval(environment)
        settings.listsProcesses = page.processes
        settings.warnings = compatibility.warnings
        settings.page = try pageSettings(environment)
        settings.windows = try windows(settings.page)
        if readsFiles {
            try CounterSource(page.collectors, environment).read(names: page.names, into: &settings)
        } else {
            settings.counters = .standard(page.names)
        }
        if let window = page.statisticsWindow { settings.counters.addStatistics(windowMs: window) }
        if page.processes { settings.counters.addProcesses() }
        return settings
    }

    private func pageSettings(_ environment: EnvironmentReader) throws(SourceError) -> PageSettings {
        var settings = PageSettings()
        let hidesHostname = page.noHostname ? true : try environment.flag("DCGM_EXPORTER_NO_HOSTNAME")
        // NODE_NAME is what Kubernetes manifests set.
        settings.hostname = hidesHostname ? nil : environment.text("NODE_NAME") ?? machineHostname()
        settings.hostnameLabel = page.hostnameLabel == .lower ? .lower : .upper
        settings.oldNamespace = page.useOldNamespace
        settings.replaceBlanksInModelName = page.replaceBlanksInModelName
        let showsPod = page.kubernetes ? true : try environment.flag("DCGM_EXPORTER_KUBERNETES")
        if showsPod { settings.pod = PodIdentity(environment) }
        settings.xidWindowMs = try window(
            page.xidCountWindowSize, environment, "DCGM_EXPORTER_XID_COUNT_WINDOW_SIZE", "--xid-count-window-size")
        settings.clockEventsWindowMs = try window(
            page.clockEventsCountWindowSize, environment, "DCGM_EXPORTER_CLOCK_EVENTS_COUNT_WINDOW_SIZE",
            "--clock-events-count-window-size")
        return settings
    }

    private func windows(_ settings: PageSettings) throws(SourceError) -> EntityHistory.Windows {
        var windows = EntityHistory.Windows()
        windows.xidNs = UInt64(settings.xidWindowMs) * 1_000_000
        windows.clockEventsNs = UInt64(settings.clockEventsWindowMs) * 1_000_000
        if let window = page.statisticsWindow {
            guard (1...Settings.statisticsMsMax).contains(window) else {
                throw SourceError(
                    "--statistics-window \(window): expected 1 to \(Settings.statisticsMsMax) milliseconds")
            }
            windows.statisticsNs = UInt64(window) * 1_000_000
        }
        return windows
    }

    private func window(
        _ flag: Int?, _ environment: EnvironmentReader, _ variable: String, _ name: String
    ) throws(SourceError) -> Int {
        let given: Int?
        if let flag { given = flag } else { given = try environment.number(variable) }
        guard let window = given else { return PageSettings().xidWindowMs }
        guard (1...Settings.collectIntervalMsMax).contains(window) else {
            throw SourceError("\(name) \(window): expected 1 to \(Settings.collectIntervalMsMax) milliseconds")
        }
        return window
    }

    private func chosenInterval(_ environment: EnvironmentReader) throws(SourceError) -> Int? {
        let given: Int?
        if let collectInterval {
            given = collectInterval
        } else {
            given = try environment.number("DCGM_EXPORTER_INTERVAL")
        }
        guard let milliseconds = given else { return nil }
        let range = Settings.collectIntervalMsMin...Settings.collectIntervalMsMax
        guard range.contains(milliseconds) else {
            throw SourceError(
                "collect interval \(milliseconds): expected \(range.lowerBound) to \(range.upperBound) milliseconds")
        }
        return milliseconds
    }
}

/// Where the list of counters comes from: the flag, the variable, the place where dcgm-exporter has it, or built in.
struct CounterSource {
    private let path: String?

    /// Where dcgm-exporter looks as shipped.
    static let usualPath = "/etc/dcgm-exporter/default-counters.csv"

    init(_ flag: String?, _ environment: EnvironmentReader) {
        path =
            flag ?? environment.text("DCGM_EXPORTER_COLLECTORS")
            ?? (access(Self.usualPath, R_OK) == 0 ? Self.usualPath : nil)
    }

    /// - Throws: `SourceError` naming the file and the line.
    func read(names: NameSet, into settings: inout Settings) throws(SourceError) {
        guard let path else {
            settings.counters = .standard(names)
            return
        }
        let text = try readTextFile(path, bytesMax: CounterFile.bytesMax)
        let file = try CounterFile(text, path: path, names: names)
        settings.counters = file.list
        settings.warnings += file.warnings
    }
}

/// The machine's own name; nil where it has none.
private func machineHostname() -> String? {
    // 256: HOST_NAME_MAX is 64 on Linux, 255 in POSIX, and a zero follows.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, gethostname(base, 255) == 0 else { return nil }
        buffer[255] = 0
        return String(cString: base)
    }
}
