import ArgumentParser

/// Where readings come from: of serving and of `top`.
struct SourceOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: """
            GPUs to show: f for all, MIG instances in place of their GPU; g for whole GPUs, i for instances; g:0,2-3 \
            and i:0,2-3 for some. (env DCGM_EXPORTER_DEVICES_STR)
            """)
    var devices: String?

    @Option(
        help: "auto (NVML, else nvidia-smi), nvml, nvidia-smi or simulated; --simulate and --replay need no --source.")
    var source: SourceArgument = .auto

    @Option(help: "Serve N simulated GPUs, 1 to \(Settings.simulatedMax), and touch no driver.")
    var simulate: Int?

    @Option(help: "Seed of the simulation: the same seed gives the same values at the same time.")
    var simulateSeed: UInt64 = 1

    @Option(help: "Serve a page that was recorded, as with curl -o FILE http://HOST:9400/metrics.")
    var replay: String?

    @Option(help: "The driver's library.")
    var nvmlLibrary: String = SourceSettings().libraryPath
}

enum SourceArgument: String, ExpressibleByArgument, CaseIterable {
    case auto
    case nvml
    case smi = "nvidia-smi"
    case simulated
}

extension SourceOptions {
    func settings() throws(SourceError) -> SourceSettings {
        if let simulate, !(1...Settings.simulatedMax).contains(simulate) {
            throw SourceError("--simulate \(simulate): expected 1 to \(Settings.simulatedMax) GPUs")
        }
        var settings = SourceSettings()
        settings.seed = simulateSeed
        settings.libraryPath = nvmlLibrary
        settings.source = try chosen()
        return settings
    }

    func selection(_ environment: EnvironmentReader) throws(SourceError) -> DeviceSelection {
        guard let text = devices ?? environment.text("DCGM_EXPORTER_DEVICES_STR") else { return .all }
        return try DeviceSelection(parsing: text)
    }

    private func chosen() throws(SourceError) -> SourceSettings.Source {
        switch (source, simulate, replay) {
        case (.auto, nil, nil): return .automatic
        case (.nvml, nil, nil): return .nvml
        case (.smi, nil, nil): return .smi
        case (.auto, let count?, nil), (.simulated, let count?, nil): return .simulated(count)
        // Eight: the usual number of GPUs in one machine.
        case (.simulated, nil, nil): return .simulated(8)
        case (.auto, nil, let path?): return .replayed(path)
        case (_, .some, .some): throw SourceError("--simulate and --replay contradict each other; give one of them")
        case (_, .some, nil):
            throw SourceError("--source \(source.rawValue) and --simulate contradict each other; give one of them")
        case (_, nil, .some):
            throw SourceError("--source \(source.rawValue) and --replay contradict each other; give one of them")
        }
    }
}
