import Logging
import Model
import PromQL

/// What the server shows and works on.
public struct APIDependencies: Sendable {
    public var queryable: any Queryable
    /// What remote reads are answered from, where that is not all that is queried: two servers that asked each other
    /// would not end.
    public var stored: (any Queryable)?
    /// Where remote write puts its samples; nil where the receiver is off.
    public var appendable: (any Appendable)?
    /// Where exemplars are looked up; nil where none are kept.
    public var exemplars: (any ExemplarQueryable)?
    /// Deletes and copies; nil where the store can do neither.
    public var administration: StorageAdministration?
    public var metadata: any MetadataProvider
    public var targets: any TargetProvider
    /// Evaluates queries; its options hold the server's lookback and timeout.
    public var engine: Engine
    /// Where the server lists its own metrics, and what `/metrics` writes out.
    public var registry: MetricRegistry
    public var logger: Logger
    public var clock: any WallClock = SystemClock()
    public var build: BuildDescription
    /// When the process started, in milliseconds since the Unix epoch.
    public var startTimeMs: Int64
    /// What `--storage.tsdb.retention.time` and `.size` amount to, such as `7d`.
    public var retention = ""
    /// Flags by name, without dashes.
    public var flags: [String: String] = [:]
    /// Whether queries can be answered; `/-/ready` says so.
    public var isReady: @Sendable () -> Bool = { true }
    /// Reads the configuration anew.
    public var reload: @Sendable () async throws -> Void = {}
    /// Begins an orderly shutdown.
    public var quit: @Sendable () -> Void = {}
    /// The configuration in use.
    public var configuration: @Sendable () -> ConfigurationStatus = { ConfigurationStatus() }
    /// Labels for what leaves this server.
    public var externalLabels: @Sendable () -> Labels = { .empty }
    /// How OTLP metrics become series.
    public var otlpSettings: @Sendable () -> OTLPSettings = { OTLPSettings() }
    /// What the server has to tell whoever looks at it.
    public var notifications = Notifications()
    /// The store's sealed blocks, oldest first.
    public var blocks: @Sendable () -> [StoredBlock] = { [] }
    /// Statistics of the store, with at most the given number of entries per list.
    public var storageStatistics: @Sendable (_ limit: Int) -> StorageStatistics = { _ in StorageStatistics() }

    public init(
        queryable: any Queryable, appendable: (any Appendable)? = nil, metadata: any MetadataProvider,
        targets: any TargetProvider, engine: Engine, registry: MetricRegistry, logger: Logger,
        build: BuildDescription, startTimeMs: Int64
    ) {
        self.queryable = queryable
        self.appendable = appendable
        self.metadata = metadata
        self.targets = targets
        self.engine = engine
        self.registry = registry
        self.logger = logger
        self.build = build
        self.startTimeMs = startTimeMs
    }
}

/// What the program was built from.
public struct BuildDescription: Sendable {
    public var version: String
    public var revision: String
    public var branch: String
    public var buildUser: String
    public var buildDate: String
    /// The compiler's version; it stands where Prometheus has Go's.
    public var compiler: String

    public init(
        version: String, revision: String = "", branch: String = "", buildUser: String = "", buildDate: String = "",
        compiler: String = ""
    ) {
        self.version = version
        self.revision = revision
        self.branch = branch
        self.buildUser = buildUser
        self.buildDate = buildDate
        self.compiler = compiler
    }
}

/// The configuration in use, and how its last reading went.
public struct ConfigurationStatus: Sendable {
    public var yaml: String
    public var lastReloadSucceeded: Bool
    /// Milliseconds since the Unix epoch.
    public var lastReloadMs: Int64

    public init(yaml: String = "", lastReloadSucceeded: Bool = true, lastReloadMs: Int64 = 0) {
        self.yaml = yaml
        self.lastReloadSucceeded = lastReloadSucceeded
        self.lastReloadMs = lastReloadMs
    }
}

/// What `/api/v1/status/tsdb` shows of the store.
public struct StorageStatistics: Sendable {
    public struct Entry: Sendable {
        public var name: String
        public var value: Int

        public init(name: String, value: Int) {
            self.name = name
            self.value = value
        }
    }

    public var seriesCount = 0
    public var labelPairCount = 0
    public var chunkCount = 0
    /// Of the head's samples, in milliseconds since the Unix epoch.
    public var minTimeMs: Int64 = 0
    public var maxTimeMs: Int64 = 0
    /// The lists are sorted by value, the largest first.
    public var seriesCountByMetricName: [Entry] = []
    public var labelValueCountByLabelName: [Entry] = []
    public var memoryBytesByLabelName: [Entry] = []
    /// Names are `label=value`.
    public var seriesCountByLabelPair: [Entry] = []

    public init() {}
}

/// A sealed block, as `/api/v1/status/tsdb/blocks` shows it.
public struct StoredBlock: Sendable {
    /// A name that no other block ever has.
    public var id: String
    public var minTimeMs: Int64
    /// The latest time, included.
    public var maxTimeMs: Int64
    public var seriesCount: Int
    public var sampleCount: Int64

    public init(id: String, minTimeMs: Int64, maxTimeMs: Int64, seriesCount: Int, sampleCount: Int64) {
        self.id = id
        self.minTimeMs = minTimeMs
        self.maxTimeMs = maxTimeMs
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
    }
}
