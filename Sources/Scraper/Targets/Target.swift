import Model
import Synchronization

/// One endpoint that is scraped.
///
/// Its description never changes: another configuration makes another target, which takes the session of the one before
/// over where both write the same series.
final class Target: Sendable {
    let description: TargetDescription
    let job: JobConfiguration
    let labeller: SampleLabeller
    let slot: Mutex<SessionSlot>
    let status: Mutex<TargetHealth>
    /// What its pages have said of metrics.
    let metadata: MetadataCache

    init(
        _ description: TargetDescription, job: JobConfiguration, slot: SessionSlot = SessionSlot(),
        metadata: MetadataCache = MetadataCache()
    ) {
        self.description = description
        self.job = job
        labeller = SampleLabeller(
            targetLabels: description.labels, honorLabels: job.honorLabels, rules: job.metricRelabelRules,
            limits: job.limits, hasLegacyNames: job.names.isLegacy)
        self.slot = Mutex(slot)
        status = Mutex(TargetHealth())
        self.metadata = metadata
    }
}

/// What a target is: where it is fetched, how often, and which labels its series bear.
struct TargetDescription: Sendable, Equatable {
    var discoveredLabels: Labels
    var labels: Labels
    var url: String
    var intervalMs: Int64
    var timeoutMs: Int64

    /// What makes two targets the same: the series that they write and the page that they come from.
    struct Identity: Hashable {
        let labels: Labels
        let url: String
    }

    var identity: Identity { Identity(labels: labels, url: url) }

    /// Where in its interval the target is scraped, in milliseconds; spreads targets evenly, and is the same after
    /// every restart.
    var offsetMs: Int64 {
        var url = self.url
        let hash = url.withUTF8 { hash64($0, seed: labels.hash64) }
        return Int64(hash % UInt64(max(intervalMs, 1)))
    }
}

/// How the last scrape of a target went.
struct TargetHealth: Sendable {
    var health = TargetStatus.Health.unknown
    var lastError = ""
    var lastScrapeMs: Int64?
    var lastDurationSeconds = 0.0

    enum Change: Equatable {
        case none, wentDown, cameBack
    }

    /// Takes a scrape's outcome; an empty `error` is success.
    mutating func record(error: String, timestampMs: Int64, durationSeconds: Double) -> Change {
        let before = health
        health = error.isEmpty ? .up : .down
        lastError = error
        lastScrapeMs = timestampMs
        lastDurationSeconds = durationSeconds
        switch (before, health) {
        case (.up, .down), (.unknown, .down): return .wentDown
        case (.down, .up): return .cameBack
        default: return .none
        }
    }
}
