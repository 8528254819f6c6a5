import Logging
import Model
import Synchronization

typealias TargetGroup = JobConfiguration.TargetGroup

/// One `*_sd_configs` entry at work.
protocol TargetSource: AnyObject, Sendable {
    var configuration: DiscoveryConfiguration { get }

    /// What was found last; nil before the first answer, good or bad.
    var groups: [TargetGroup]? { get }

    /// Does what is due without waiting for anybody, and returns in how many milliseconds something is. Called by the
    /// discovery thread alone.
    func step(nowMs: Int64) -> Int64
}

/// What all sources share.
final class DiscoveryEnvironment: Sendable {
    let logger: Logger
    let metrics: DiscoveryMetrics
    let userAgent: String
    let session = HTTPSession()
    /// The server that is asked for names; nil for those of the system.
    let nameserver: Nameserver?
    /// Lookups under way, each of which has a thread of its own.
    let lookups = Mutex(0)
    /// How much time lies between two plans of what is scraped, for which all targets of all jobs are looked at.
    let planGapMs: Int64
    private let change = Mutex(false)

    init(
        logger: Logger, registry: MetricRegistry, userAgent: String, nameserver: Nameserver?, planGapMs: Int64
    ) {
        self.planGapMs = planGapMs
        self.logger = logger
        metrics = DiscoveryMetrics(registry)
        self.userAgent = userAgent
        self.nameserver = nameserver
    }

    /// Tells the discovery thread that a source's groups are others. Called by any thread.
    func changed() {
        change.withLock { $0 = true }
        session.wake()
    }

    /// Whether any source's groups have become others since the last call of ``takeChange()``.
    var isChanged: Bool { change.withLock { $0 } }

    func takeChange() -> Bool {
        change.withLock { change in
            defer { change = false }
            return change
        }
    }

    /// Says in the log that `what` fails, or works again, where that is other than `before`; an empty `error` is success.
    func report(_ what: String, _ name: String, error: String, before: String) {
        guard error != before else { return }
        if error.isEmpty {
            logger.notice("\(what) works again", metadata: ["source": "\(name)"])
        } else {
            logger.error(
                "\(what) failed, the targets known before stay",
                metadata: ["source": "\(name)", "error": "\(error)"])
        }
    }
}

/// Milliseconds of a clock that nobody sets.
func monotonicMs() -> Int64 { Int64(monotonicNs() / 1_000_000) }

extension JobConfiguration.TargetGroup {
    /// The group with one more label.
    func adding(_ name: String, _ value: String) -> Self {
        var builder = LabelsBuilder(labels)
        builder.set(name, value)
        return Self(targets: targets, labels: builder.labels())
    }
}
