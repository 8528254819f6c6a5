/// Where readings come from.
///
/// `read` may block for as long as a driver takes, so it is called on a thread of its own and never by two at a time.
protocol GPUSource: Sendable {
    /// `NVML` or `simulated`: for the log.
    var name: String { get }
    /// The driver's version, a label of every sample.
    var driverVersion: String { get }
    /// The GPUs, in the order of `read`'s answer.
    var gpus: [GPUIdentity] { get }
    /// Sentences on what could not be opened, for the log.
    var warnings: [String] { get }

    /// Reads every GPU once; one reading per element of `gpus`. A GPU that cannot be read has an empty reading.
    ///
    /// - Throws: `SourceError` where no GPU at all can be read.
    func read() throws(SourceError) -> [GPUReading]
}

extension GPUSource {
    var warnings: [String] { [] }
}

/// A sentence for the operator: what was tried, and what to do.
struct SourceError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Opens what the settings ask for.
///
/// - Throws: `SourceError` where there is no driver, no GPU, or none of those that were asked for.
func openSource(_ settings: Settings) throws(SourceError) -> any GPUSource {
    switch settings.source {
    case .simulated(let count):
        return SimulatedSource(gpuCount: count, seed: settings.seed, selection: settings.devices)
    case .nvml:
        do {
            return try NVMLSource(libraryPath: settings.libraryPath, selection: settings.devices)
        } catch {
            throw SourceError("\(error.description); without a GPU, give --simulate N (for instance --simulate 8)")
        }
    }
}
