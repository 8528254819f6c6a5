/// Where readings come from. A source has one lane for each part of it that can fail or hang by itself.
protocol GPUSource: Sendable {
    /// `NVML`, `nvidia-smi`, `simulated` or `replayed`: for the log.
    var name: String { get }
    /// The driver's version, a label of every sample.
    var driverVersion: String { get }
    var lanes: [any GPULane] { get }
    /// Sentences on what could not be opened, for the log.
    var warnings: [String] { get }
    /// How often it is read where nobody says, in milliseconds.
    var usualIntervalMs: Int { get }
}

extension GPUSource {
    var warnings: [String] { [] }
    var usualIntervalMs: Int { 1000 }

    /// The GPUs and MIG instances of all lanes, in their order.
    var gpus: [GPUIdentity] { lanes.flatMap(\.gpus) }
}

/// GPUs that are read together: with NVML one, so that one that hangs does not stop the others.
///
/// `read` may block for as long as a driver takes, so it is called on a thread of its own and never by two at a time.
protocol GPULane: Sendable {
    /// In the order of `read`'s answer.
    var gpus: [GPUIdentity] { get }

    /// Reads every GPU of the lane once; one reading per element of `gpus`.
    ///
    /// - Throws: `SourceError` where none of them can be read.
    func read() throws(SourceError) -> [GPUReading]

    /// After this a reading that does not end counts as hanging.
    var hangNs: UInt64 { get }
}

/// Far beyond what a driver takes under load, and short of Prometheus's usual interval, so that no scrape gets a value
/// older than the one before had.
let defaultHangNs: UInt64 = 5_000_000_000

extension GPULane {
    var hangNs: UInt64 { defaultHangNs }
}

/// A sentence for the operator: what was tried, and what to do.
struct SourceError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What a source is asked for.
struct SourceRequest: Sendable {
    var selection = DeviceSelection.all
    var metrics = MetricSet.all
    /// Whether processes are to be listed.
    var processes = false
    /// Whether it is to be said how GPUs reach one another.
    var peers = false
}

/// Opens what the settings ask for.
///
/// - Throws: `SourceError` where there is no driver, no GPU, or none of those that were asked for.
func openSource(_ settings: SourceSettings, _ request: SourceRequest) throws(SourceError) -> any GPUSource {
    switch settings.source {
    case .simulated(let count):
        return SimulatedSource(gpuCount: count, seed: settings.seed, request: request)
    case .replayed(let path):
        return try ReplayedSource(path: path, selection: request.selection)
    case .nvml:
        do {
            return try NVMLSource(libraryPath: settings.libraryPath, request: request)
        } catch {
            throw SourceError("\(error.description); \(withoutGPU)")
        }
    case .smi:
        return try SMISource(program: settings.smiProgram, request: request)
    case .automatic:
        do {
            return try NVMLSource(libraryPath: settings.libraryPath, request: request)
        } catch {
            guard let source = try? SMISource(program: settings.smiProgram, request: request) else {
                throw SourceError("\(error.description); \(withoutGPU)")
            }
            return source
        }
    }
}

private let withoutGPU = "without a GPU, give --simulate N (for instance --simulate 8)"
