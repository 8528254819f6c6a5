/// A scrape target as `/api/v1/targets` shows it.
public struct TargetStatus: Sendable {
    public enum Health: String, Sendable {
        case up, down, unknown
    }

    /// Labels before relabelling, `__address__` and the like included.
    public var discoveredLabels: Labels
    public var labels: Labels
    /// The job's name.
    public var scrapePool: String
    public var scrapeURL: String
    /// As `scrapeURL`, with a host that can be reached from elsewhere in place of localhost.
    public var globalURL: String
    /// Why the last scrape failed; empty where it did not.
    public var lastError: String
    /// Milliseconds since the Unix epoch; nil before the first scrape.
    public var lastScrape: Int64?
    public var lastScrapeDurationSeconds: Double
    public var health: Health
    public var scrapeIntervalMs: Int64
    public var scrapeTimeoutMs: Int64

    public init(
        discoveredLabels: Labels, labels: Labels, scrapePool: String, scrapeURL: String, globalURL: String,
        lastError: String = "", lastScrape: Int64? = nil, lastScrapeDurationSeconds: Double = 0,
        health: Health = .unknown, scrapeIntervalMs: Int64, scrapeTimeoutMs: Int64
    ) {
        self.discoveredLabels = discoveredLabels
        self.labels = labels
        self.scrapePool = scrapePool
        self.scrapeURL = scrapeURL
        self.globalURL = globalURL
        self.lastError = lastError
        self.lastScrape = lastScrape
        self.lastScrapeDurationSeconds = lastScrapeDurationSeconds
        self.health = health
        self.scrapeIntervalMs = scrapeIntervalMs
        self.scrapeTimeoutMs = scrapeTimeoutMs
    }
}

/// A target that relabelling dropped.
public struct DroppedTarget: Sendable {
    public var discoveredLabels: Labels
    /// The job's name.
    public var scrapePool: String

    public init(discoveredLabels: Labels, scrapePool: String) {
        self.discoveredLabels = discoveredLabels
        self.scrapePool = scrapePool
    }
}

/// What one rule of a job's relabelling makes of labels, after the rules before it.
public struct RelabelStep: Sendable {
    /// The rule's settings, by the names that Prometheus's API has for them.
    public var rule: [(name: String, values: [String])]
    public var output: Labels
    /// Whether a target with these labels is still one.
    public var isKept: Bool

    public init(rule: [(name: String, values: [String])], output: Labels, isKept: Bool) {
        self.rule = rule
        self.output = output
        self.isKept = isKept
    }
}

/// Gives the targets that are scraped now.
public protocol TargetProvider: Sendable {
    /// Sorted by job, then by URL.
    func activeTargets() -> [TargetStatus]

    /// Sorted by job.
    func droppedTargets() -> [DroppedTarget]

    /// Names of the jobs, also of those without targets, sorted.
    func scrapePools() -> [String]

    /// A job's configuration as YAML; nil where there is no such job.
    func configuration(ofPool pool: String) -> String?

    /// What a job's relabelling does to labels, rule by rule; nil where there is no such job.
    func relabelSteps(ofPool pool: String, _ labels: Labels) -> [RelabelStep]?

    /// What the pages of the targets say of metrics, sorted by metric: of one metric where `metric` names it. The targets
    /// are in the order of ``activeTargets()``.
    func targetMetadata(metric: String?) -> [(target: Labels, metadata: [MetricMetadata])]
}

extension TargetProvider {
    public func droppedTargets() -> [DroppedTarget] { [] }
    public func scrapePools() -> [String] { Set(activeTargets().map(\.scrapePool)).sorted(by: byteOrder) }
    public func configuration(ofPool pool: String) -> String? { nil }
    public func relabelSteps(ofPool pool: String, _ labels: Labels) -> [RelabelStep]? { nil }
    public func targetMetadata(metric: String?) -> [(target: Labels, metadata: [MetricMetadata])] { [] }
}
