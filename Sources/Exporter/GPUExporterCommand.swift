import ArgumentParser
import Glibc
import Logging

/// `gpu-exporter`: DCGM's GPU metrics on `:9400/metrics`, from NVML alone, so that it runs where DCGM cannot: in
/// unprivileged containers. Flags and environment variables that mean the same as dcgm-exporter's have its names.
///
/// Source: dcgm-exporter 4.5.3-4.8.2, `pkg/cmd/app.go`.
@main
struct GPUExporterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gpu-exporter",
        abstract: "Serves NVIDIA GPU metrics to Prometheus under DCGM's names, without DCGM.",
        discussion: """
            Reads the GPUs through the driver's own library (NVML), which works in unprivileged containers. \
            Without GPUs, --simulate N serves N simulated ones.
            """,
        version: "0.1.0")

    @Option(
        name: .shortAndLong,
        help: "Where to listen; without a host on all addresses. (env DCGM_EXPORTER_LISTEN, default :9400)")
    var address: String?

    @Option(
        name: .shortAndLong,
        help: "Read the GPUs at most once in this many ms. (env DCGM_EXPORTER_INTERVAL, default 1000)")
    var collectInterval: Int?

    @Option(
        name: .shortAndLong,
        help: "GPUs to show: f or g for all, g:0,2-3 for some. (env DCGM_EXPORTER_DEVICES_STR)")
    var devices: String?

    @Flag(name: .shortAndLong, help: "Leave out the hostname label. (env DCGM_EXPORTER_NO_HOSTNAME)")
    var noHostname = false

    @Option(help: "The hostname label's name: hostname, or Hostname as in releases of dcgm-exporter before 4.6.")
    var hostnameLabel: HostnameLabelArgument = .lower

    @Flag(name: [.customShort("o"), .long], help: "Name the UUID label uuid, as dcgm-exporter 1.x did.")
    var useOldNamespace = false

    @Flag(help: "Write underscores for the blanks of the modelName label.")
    var replaceBlanksInModelName = false

    @Option(help: "Where readings come from: auto (the GPUs, unless --simulate is given), nvml or simulated.")
    var source: SourceArgument = .auto

    @Option(help: "Serve N simulated GPUs, 1 to \(Settings.simulatedMax), and touch no driver.")
    var simulate: Int?

    @Option(help: "Seed of the simulation: the same seed gives the same values at the same time.")
    var simulateSeed: UInt64 = 1

    func validate() throws {
        do {
            _ = try settings(EnvironmentReader { _ in nil })
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        var logger = Logger(label: "gpu-exporter") { _ in StreamLogHandler.standardError(label: "gpu-exporter") }
        logger.logLevel = .info
        do {
            let settings = try settings(EnvironmentReader { name in getenv(name).map { String(cString: $0) } })
            try await serve(settings, logger: logger)
        } catch let error as SourceError {
            logger.error("\(error.description)")
            throw ExitCode.failure
        }
    }
}

enum SourceArgument: String, ExpressibleByArgument, CaseIterable {
    case auto
    case nvml
    case simulated
}

enum HostnameLabelArgument: String, ExpressibleByArgument, CaseIterable {
    case lower = "hostname"
    case upper = "Hostname"
}
