import Model
import YAML

/// A Prometheus configuration file as far as scraping needs it.
///
/// - Source: the configuration of Prometheus 3.5; keys and defaults are its.
public struct Configuration: Sendable, Equatable {
    public var global = GlobalConfiguration()
    public var jobs: [JobConfiguration] = []
    public var remoteWrite: [RemoteWriteConfiguration] = []
    public var remoteRead: [RemoteReadConfiguration] = []
    public var storage = StorageConfiguration()
    public var otlp = OTLPSettings()
    /// Paths of further files with `scrape_configs`, whose jobs are among ``jobs``; `*` may be in their last parts.
    public var scrapeConfigFiles: [String] = []
    /// What is in the file and has no effect, in words.
    public var warnings: [String] = []

    public init() {}

    /// The largest file that is read, in bytes.
    public static let fileBytesMax = YAMLReader.bytesMax

    /// Reads and decodes a file.
    ///
    /// - Throws: ``ConfigurationError`` with every fault found and its place.
    public static func load(path: String) throws(ConfigurationError) -> Configuration {
        try read(path: path).result.get()
    }

    /// Reads and decodes a file.
    ///
    /// - Returns: every fault found and its place where it has any, and what was read.
    public static func read(
        path: String
    ) -> (result: Result<Configuration, ConfigurationError>, content: ConfigurationContent) {
        let file = readWholeFile(path, bytesMax: fileBytesMax)
        var content = ConfigurationContent(main: try? file.get())
        do throws(ConfigurationError) {
            return (.success(try parse(try configurationText(file, path), path, &content)), content)
        } catch {
            return (.failure(error), content)
        }
    }

    /// Decodes the text of a configuration file.
    ///
    /// - Parameter file: the name under which problems are reported. Relative paths in the text start at its folder.
    /// - Throws: ``ConfigurationError`` with every fault found and its place.
    public static func parse(text: String, file: String) throws(ConfigurationError) -> Configuration {
        var content = ConfigurationContent(main: nil)
        return try parse(text, file, &content)
    }

    private static func parse(
        _ text: String, _ file: String, _ content: inout ConfigurationContent
    ) throws(ConfigurationError) -> Configuration {
        let diagnostics = Diagnostics(file: file)
        var configuration = Configuration()
        do {
            if let root = try YAMLReader.read(text) {
                configuration.decode(root, folder: folder(of: file), diagnostics)
            }
        } catch {
            diagnostics.report(error.mark, error.reason)
        }
        let further = configuration.readFurtherFiles(&content)
        let problems = diagnostics.sortedProblems + further.flatMap(\.sortedProblems)
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        configuration.warnings = ([diagnostics] + further).flatMap(\.warnings).map(\.description)
        return configuration
    }
}

/// The `global` section.
public struct GlobalConfiguration: Sendable, Equatable {
    public var scrapeIntervalMs: Int64 = 60_000
    public var scrapeTimeoutMs: Int64 = 10_000
    public var evaluationIntervalMs: Int64 = 60_000
    /// Labels for what leaves this server; sorted by name.
    public var externalLabels = Labels.empty
    public var limits = ScrapeLimits()
    /// Of jobs that have none of their own; nil where nothing is said.
    public var scrapeProtocols: [ScrapeProtocol]?
    public var histograms = HistogramSettings()
    public var names = NameSettings()
    public var hasExtraMetrics = false
}

/// The `storage` section.
public struct StorageConfiguration: Sendable, Equatable {
    /// How far behind the newest sample one may be that is out of order; 0 where none is taken.
    public var outOfOrderMs: Int64 = 0
}

/// Bounds on what one scrape may bring; 0 means none.
public struct ScrapeLimits: Sendable, Equatable {
    public var bodyBytes = 0
    public var samples = 0
    public var labels = 0
    public var labelNameBytes = 0
    public var labelValueBytes = 0
    public var targets = 0
    /// How many targets that relabelling dropped are listed; 0 for all.
    public var droppedTargets = 0
}

/// One entry of `scrape_configs`.
public struct JobConfiguration: Sendable, Equatable {
    public var name = ""
    public var scrapeIntervalMs: Int64 = 60_000
    public var scrapeTimeoutMs: Int64 = 10_000
    public var metricsPath = "/metrics"
    public var scheme = "http"
    /// Query parameters, sorted by name.
    public var parameters: [Parameter] = []
    public var honorLabels = false
    public var honorTimestamps = true
    public var trackTimestampsStaleness = false
    public var enableCompression = true
    /// What targets are asked for, the most wanted first.
    public var scrapeProtocols = ScrapeProtocol.defaults(native: false)
    /// The value of `fallback_scrape_protocol`; nil where it is not given.
    public var fallbackProtocol: ScrapeProtocol?
    public var histograms = HistogramSettings()
    public var names = NameSettings()
    /// Whether a scrape's timeout, sample limit and size are stored with it.
    public var hasExtraMetrics = false
    public var limits = ScrapeLimits()
    public var http = HTTPClientConfiguration()
    public var targetGroups: [TargetGroup] = []
    /// Where further targets come from.
    public var discoveries: [DiscoveryConfiguration] = []
    public var relabelRules: [RelabelRule] = []
    public var metricRelabelRules: [RelabelRule] = []

    public struct Parameter: Sendable, Equatable {
        public var name: String
        public var values: [String]
    }

    /// One entry of `static_configs`.
    public struct TargetGroup: Sendable, Equatable {
        /// Addresses, each a host with or without a port.
        public var targets: [String]
        public var labels: Labels
    }
}
