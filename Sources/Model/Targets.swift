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

/// Gives the targets that are scraped now.
public protocol TargetProvider: Sendable {
    /// Sorted by job, then by URL.
    func activeTargets() -> [TargetStatus]
}
