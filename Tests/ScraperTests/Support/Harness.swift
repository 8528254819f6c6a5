import Exposition
import Logging
import Model
import Synchronization
import Testing

@testable import Scraper

/// A scrape manager with a store in memory and a logger that remembers.
final class Harness: Sendable {
    let store = MemoryStore()
    let registry = MetricRegistry()
    let log = LogRecorder()
    let manager: ScrapeManager

    init(nameserver: Nameserver? = nil, planGapMs: Int64 = 0) {
        let log = self.log
        let logger = Logger(label: "test") { _ in log }
        manager = ScrapeManager(
            store: store, clock: SystemClock(), logger: logger, registry: registry, version: "1.2.3",
            nameserver: nameserver, planGapMs: planGapMs)
    }

    /// Applies a configuration of one job with a short interval.
    func scrape(
        port: Int, path: String = "/metrics", interval: String = "400ms", timeout: String = "400ms",
        more: String = ""
    ) throws {
        manager.apply(
            try Configuration.parse(
                text: """
                    scrape_configs:
                    - job_name: test
                      scrape_interval: \(interval)
                      scrape_timeout: \(timeout)
                      metrics_path: \(path)
                      static_configs: [{targets: ['127.0.0.1:\(port)']}]
                    \(more)
                    """, file: "test.yml"))
    }

    /// Applies a configuration of one job that has these settings; nothing need listen at its targets.
    func discover(_ settings: String) throws {
        let text = "scrape_configs:\n- job_name: test\n  scrape_interval: 1h\n" + settings
        manager.apply(try Configuration.parse(text: text, file: "test.yml"))
    }

    /// The labels of all targets, sorted, without the job's.
    var targetLabels: [String] {
        manager.activeTargets().map { "\($0.labels.removing(["job"]))" }.sorted()
    }

    /// How many lines of the log begin so.
    func lines(_ start: String) -> Int { log.lines.count { $0.hasPrefix(start) } }

    /// Whether the log says the same twice in a row of what has `what` in its line.
    func repeats(_ what: String) -> Bool {
        let lines = log.lines.filter { $0.contains(what) }
        return zip(lines, lines.dropFirst()).contains { $0 == $1 }
    }

    /// Waits until `condition` holds, for at most forty seconds.
    func wait(_ what: String, _ condition: () -> Bool, at place: SourceLocation = #_sourceLocation) async throws {
        for _ in 0..<8000 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("timed out waiting for \(what)", sourceLocation: place)
    }

    var target: TargetStatus? { manager.activeTargets().first }

    func report(_ name: String, _ port: Int) -> [MemoryStore.Sample] {
        store.samples("\(name){instance=\"127.0.0.1:\(port)\", job=\"test\"}")
    }

    func metric(_ name: String) -> Double? { registry.collect().first { $0.name == name }?.points.first?.value }
}

/// Keeps log lines.
final class LogRecorder: LogHandler, Sendable {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        recorded.withLock { $0.append("\(event.level) \(event.message)\(metadata)") }
    }
}
