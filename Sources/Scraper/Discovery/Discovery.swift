import Logging
import Model
import Synchronization

/// Finds the targets of jobs with `*_sd_configs`, on one thread that there is only where a job has any.
///
/// Thread-safe.
final class Discovery: Sendable {
    fileprivate struct State {
        var sources: [any TargetSource] = []
        /// What jobs had before their settings became others, until all their sources have answered once.
        var held: [String: [TargetGroup]] = [:]
        var jobs: [JobConfiguration] = []
        var isRunning = false
        var isStopping = false
    }

    private let environment: DiscoveryEnvironment
    private let state = Mutex(State())
    private let changed = Mutex<@Sendable () -> Void>({})

    init(_ environment: DiscoveryEnvironment) { self.environment = environment }

    /// Has `body` called by the discovery thread when targets are others than before.
    func onChange(_ body: @escaping @Sendable () -> Void) { changed.withLock { $0 = body } }

    /// Looks for the targets of `jobs` from now on. What another job or an earlier call asks for in the same words goes
    /// on undisturbed.
    func apply(_ jobs: [JobConfiguration]) {
        let before = state.withLock { $0 }
        var next = before
        next.sources = []
        next.jobs = jobs
        for configuration in jobs.flatMap(\.discoveries) where next.source(configuration) == nil {
            next.sources.append(before.source(configuration) ?? make(configuration))
        }
        next.held = [:]
        for job in jobs where next.isWaiting(job) {
            guard let old = before.jobs.first(where: { $0.name == job.name }) else { continue }
            next.held[job.name] = before.groups(of: old)
        }
        let mustStart = state.withLock { state in
            (next.isStopping, next.isRunning) = (state.isStopping, state.isRunning)
            state = next
            guard !next.isRunning, !next.isStopping, !next.sources.isEmpty else { return false }
            state.isRunning = true
            return true
        }
        if mustStart, !startThread({ [self] in run() }) {
            state.withLock { $0.isRunning = false }
            environment.logger.error("cannot start a thread that looks for targets")
        }
        environment.session.wake()
    }

    /// What has been found for `job`.
    func groups(of job: JobConfiguration) -> [TargetGroup] {
        job.discoveries.isEmpty ? [] : state.withLock { $0 }.groups(of: job)
    }

    /// Ends the thread, at once or when what it does is done.
    func stop() {
        state.withLock { $0.isStopping = true }
        environment.session.wake()
    }

    var isEnded: Bool { state.withLock { !$0.isRunning } }

    private func make(_ configuration: DiscoveryConfiguration) -> any TargetSource {
        switch configuration {
        case .file(let file): FileSource(file, environment)
        case .http(let http): AskingSource(configuration, HTTPTargets(http: http), environment)
        case .docker(let docker): AskingSource(configuration, DockerTargets(docker: docker), environment)
        case .dns(let dns): DNSSource(dns, environment)
        }
    }

    /// The longest sleep, in milliseconds.
    private static let waitMsMax: Int64 = 60_000

    private func run() {
        var planMs: Int64 = 0
        var turn = 0
        while true {
            let (sources, isStopping) = state.withLock { ($0.sources, $0.isStopping) }
            if isStopping { break }
            var waitMs = Discovery.waitMsMax
            // Each is first in turn, as they share the lookups that there may be at a time.
            turn = sources.isEmpty ? 0 : (turn + 1) % sources.count
            for source in sources[turn...] + sources[..<turn] {
                waitMs = min(waitMs, source.step(nowMs: monotonicMs()))
            }
            let restMs = planMs - monotonicMs()
            if environment.isChanged, restMs > 0 {
                waitMs = min(waitMs, restMs)
            } else if environment.takeChange() {
                environment.metrics.updates.add()
                let changed = self.changed.withLock { $0 }
                changed()
                planMs = monotonicMs() + environment.planGapMs
            }
            environment.session.poll(timeoutMs: max(waitMs, 1))
        }
        environment.session.cancelAll()
        state.withLock { $0.isRunning = false }
    }

    /// What is known of sources, for the page of metrics.
    func families() -> [MetricFamily] {
        let state = self.state.withLock { $0 }
        let found = state.jobs.filter { !$0.discoveries.isEmpty }.map { job in
            let count = state.groups(of: job).reduce(0) { $0 + $1.targets.count }
            return MetricPoint(labels: ["config": job.name, "name": "scrape"], value: Double(count))
        }
        let written = state.sources.compactMap { $0 as? FileSource }.flatMap(\.writtenSeconds).map {
            MetricPoint(labels: ["filename": $0.path], value: $0.seconds)
        }
        return [
            MetricFamily("prometheus_sd_discovered_targets", "Targets found for a job.", .gauge, found),
            MetricFamily("prometheus_sd_file_mtime_seconds", "When files of targets were written.", .gauge, written),
        ]
    }
}

extension Discovery.State {
    fileprivate func source(_ configuration: DiscoveryConfiguration) -> (any TargetSource)? {
        sources.first { $0.configuration == configuration }
    }

    fileprivate func isWaiting(_ job: JobConfiguration) -> Bool {
        job.discoveries.contains { source($0)?.groups == nil }
    }

    fileprivate func groups(of job: JobConfiguration) -> [TargetGroup] {
        let found = job.discoveries.map { source($0)?.groups }
        let held = found.contains { $0 == nil } ? self.held[job.name] ?? [] : []
        return held + found.flatMap { $0 ?? [] }
    }
}
