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
            Reads the GPUs through the driver's own library (NVML), which works in unprivileged containers, or through \
            nvidia-smi. Without GPUs, --simulate N serves N simulated ones.

            EXAMPLES
              gpu-exporter                                  all GPUs on :9400/metrics
              gpu-exporter --simulate 8                     eight simulated GPUs
              gpu-exporter -f counters.csv                  the metrics that dcgm-exporter's file names
              gpu-exporter --statistics-window 15000        with least, greatest and mean power and load of 15 s
              gpu-exporter --processes --kubernetes         with the memory of each process, and the pod's labels
              gpu-exporter --web-config-file web.yml        over TLS, for who has the password
              gpu-exporter --replay page.txt                a recorded page again
              gpu-exporter top                              a live view in this terminal
            """,
        version: "0.1.0",
        subcommands: [TopCommand.self])

    @OptionGroup(title: "Source") var source: SourceOptions
    @OptionGroup(title: "Page") var page: PageOptions
    @OptionGroup(title: "Accepted, without effect here") var compatibility: CompatibilityOptions

    @Option(
        name: .shortAndLong,
        help: "Where to listen; without a host on all addresses. (env DCGM_EXPORTER_LISTEN, default :9400)")
    var address: String?

    @Option(
        name: .shortAndLong,
        help: """
            Read the GPUs every so many ms, \(Settings.collectIntervalMsMin) at least. (env DCGM_EXPORTER_INTERVAL, \
            default 1000; 5000 with nvidia-smi)
            """)
    var collectInterval: Int?

    @Option(
        help: """
            File that turns on TLS and passwords, in the format of Prometheus's web.yml; read again when it changes. \
            (env DCGM_EXPORTER_WEB_CONFIG_FILE)
            """)
    var webConfigFile: String?

    @Flag(help: "Log what is read and served.")
    var debug = false

    func validate() throws {
        do {
            _ = try settings(EnvironmentReader { _ in nil }, readsFiles: false)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        var logger = Logger(label: "gpu-exporter") { _ in StreamLogHandler.standardError(label: "gpu-exporter") }
        logger.logLevel = debug ? .debug : .info
        do {
            try await serve(try settings(.process, readsFiles: true), logger: logger)
        } catch let error as SourceError {
            logger.error("\(error.description)")
            throw ExitCode.failure
        }
    }
}

extension EnvironmentReader {
    /// Of this process.
    static let process = EnvironmentReader { name in getenv(name).map { String(cString: $0) } }
}
