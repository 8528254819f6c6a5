/// What is measured once per engine. Of all of it less is better.
enum Measure: String, CaseIterable, Codable, CodingKeyRepresentable {
    case loadCPUSecondsPerMillion
    case loadWallSecondsPerMillion
    case diskRunningBytesPerSample
    case diskStoppedBytesPerSample
    case residentEmptyMiB
    case residentLoadPeakMiB
    case residentPeakMiB
    case residentLoadedMiB
    case residentQueriedMiB
    case residentRestartedMiB
    case restartReadySeconds
    case restartAnswerSeconds
    case scrapeManyPercent
    case scrapeManyMissed
    case residentManyMiB
    case parseNs
    case scrapeLargeMs
    case scrapeLargeCPUMs
    case residentTargetKiB

    var title: String {
        switch self {
        case .loadCPUSecondsPerMillion: "CPU s to take in a million samples"
        case .loadWallSecondsPerMillion: "wall s to take in a million samples"
        case .diskRunningBytesPerSample: "disk bytes per sample, running"
        case .diskStoppedBytesPerSample: "disk bytes per sample, stopped"
        case .residentEmptyMiB: "resident MiB, empty and idle"
        case .residentLoadPeakMiB: "resident MiB, peak of the load"
        case .residentPeakMiB: "resident MiB, peak of load and queries"
        case .residentLoadedMiB: "resident MiB, settled after the load"
        case .residentQueriedMiB: "resident MiB, after the queries"
        case .residentRestartedMiB: "resident MiB, restarted and idle"
        case .restartReadySeconds: "s from restart to ready"
        case .restartAnswerSeconds: "s from restart to a first answer"
        case .scrapeManyPercent: "% of a core for 100 targets of 2,000 series a second"
        case .scrapeManyMissed: "% of these scrapes left out"
        case .residentManyMiB: "resident MiB with these, at most"
        case .parseNs: "ns to parse a sample of a known line"
        case .scrapeLargeMs: "ms to scrape a page of 100,000 samples"
        case .scrapeLargeCPUMs: "ms of a core for that"
        case .residentTargetKiB: "resident KiB per idle target of 25 series"
        }
    }
}

/// What one engine needed for one workload.
struct EngineResults: Codable {
    let name: String
    let version: String
    var figures: [Measure: Double] = [:]
    var queries: [QueryResults] = []
}

/// How long one engine took for one query.
struct QueryResults: Codable {
    let name: String
    let expression: String
    let spanSeconds: Int
    let stepSeconds: Int
    let medianMs: Double
    let p95Ms: Double
    /// Of the server, mean over the runs; the kernel counts in steps of 10 ms.
    let cpuMs: Double
    let answerBytes: Int
    /// From the first peer's answer; nil where this is that answer.
    var difference: Difference?
}

/// All engines with one workload.
struct WorkloadResults: Codable {
    let workload: String
    let gpus: Int
    let scrapes: Int
    let samples: Int
    var engines: [EngineResults]

    var days: Double { Double(scrapes) / Double(Workload.scrapesPerDay) }
}

/// Everything that a run found.
struct Results: Codable {
    let machine: Machine
    let command: String
    var workloads: [WorkloadResults] = []
}
