import Glibc

extension GPUExporterCommand {
    /// The flags over the environment over the defaults.
    ///
    /// - Throws: `SourceError` naming the flag or variable that is wrong, and what was expected.
    func settings(_ environment: EnvironmentReader) throws(SourceError) -> Settings {
        var settings = Settings()
        if let text = address ?? environment.text(.listen) {
            settings.address = try ListenAddress(parsing: text)
        }
        if let text = devices ?? environment.text(.devices) {
            settings.devices = try DeviceSelection(parsing: text)
        }
        settings.source = try chosenSource()
        settings.collectIntervalMs = try chosenInterval(environment)
        let hidesHostname = noHostname ? true : try environment.flag(.noHostname)
        settings.hostname = hidesHostname ? nil : environment.text(.nodeName) ?? machineHostname()
        settings.hostnameLabel = hostnameLabel == .lower ? .lower : .upper
        settings.oldNamespace = useOldNamespace
        settings.replaceBlanksInModelName = replaceBlanksInModelName
        settings.seed = simulateSeed
        return settings
    }

    private func chosenSource() throws(SourceError) -> Settings.Source {
        if let simulate, !(1...Settings.simulatedMax).contains(simulate) {
            throw SourceError("--simulate \(simulate): expected 1 to \(Settings.simulatedMax) GPUs")
        }
        switch (source, simulate) {
        case (.nvml, .some):
            throw SourceError("--source nvml and --simulate contradict each other; give one of them")
        case (.auto, nil), (.nvml, nil): return .nvml
        case (.auto, .some(let count)), (.simulated, .some(let count)): return .simulated(count)
        // Eight: the usual number of GPUs in one machine.
        case (.simulated, nil): return .simulated(8)
        }
    }

    private func chosenInterval(_ environment: EnvironmentReader) throws(SourceError) -> Int {
        let given: Int?
        if let collectInterval { given = collectInterval } else { given = try environment.number(.interval) }
        guard let milliseconds = given else { return Settings().collectIntervalMs }
        guard (1...Settings.collectIntervalMsMax).contains(milliseconds) else {
            throw SourceError(
                "collect interval \(milliseconds): expected 1 to \(Settings.collectIntervalMsMax) milliseconds")
        }
        return milliseconds
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
