import Logging
import Model
import Synchronization

/// Scrapes the targets of a configuration into a store.
///
/// One thread fetches all pages; each page is then read on one of a few others, and appended in a task of its own.
/// `apply` may be called again with another configuration: targets that are the same in both go on undisturbed.
///
/// Thread-safe.
public final class ScrapeManager: TargetProvider, Sendable {
    struct State {
        /// Sorted by job, then by URL.
        var targets: [Target] = []
        /// Those that were removed while a scrape had their session: whoever comes back takes it over.
        var leaving: [TargetDescription.Identity: Target] = [:]
        var dropped: [DroppedTarget] = []
        /// Sorted by name.
        var jobs: [JobConfiguration] = []
        /// What was said of targets that cannot be used.
        var problems: Set<Plan.Problem> = []
        /// How many configurations are being applied: jobs and discovery need not fit together then.
        var applying = 0
        var applied = 0
        /// How many plans have been begun, and which of them is in force.
        var plansBegun = 0
        var planInForce = 0
        var isStopped = false
    }

    let environment: ScrapeEnvironment
    let state = Mutex(State())
    /// Scrapes and ends of series that are being written.
    let pending = Mutex(0)
    let clock: any WallClock
    let discovery: Discovery
    private let userAgent: String
    private let thread: Mutex<FetchThread?>

    /// The most bytes of a page where the configuration sets no `body_size_limit`: a thousand times a large page.
    public static let bodyBytesMaxDefault = 100 << 20

    /// - Parameters:
    ///   - store: receives the samples.
    ///   - clock: says when a scrape is due, and dates samples.
    ///   - registry: lists what the scraper counts.
    ///   - version: of the program, for the `User-Agent` header.
    public convenience init(
        store: any Appendable, clock: any WallClock, logger: Logger, registry: MetricRegistry, version: String = "dev"
    ) {
        self.init(store: store, clock: clock, logger: logger, registry: registry, version: version, nameserver: nil)
    }

    /// - Parameters:
    ///   - nameserver: is asked for names in discovery; nil for the system's.
    ///   - planGapMs: the time between two plans of what is scraped.
    init(
        store: any Appendable, clock: any WallClock, logger: Logger, registry: MetricRegistry, version: String,
        nameserver: Nameserver?, planGapMs: Int64 = 1000
    ) {
        environment = ScrapeEnvironment(
            store: store, logger: logger, metrics: ScrapeMetrics(registry), metadata: MetadataCache(),
            storeHealth: StoreHealth())
        self.clock = clock
        userAgent = "tsdb/\(version)"
        thread = Mutex(nil)
        discovery = Discovery(
            DiscoveryEnvironment(
                logger: logger, registry: registry, userAgent: userAgent, nameserver: nameserver, planGapMs: planGapMs))
        registry.register { [weak self] in self?.poolFamilies() ?? [] }
        discovery.onChange { [weak self] in _ = self?.update() }
    }

    deinit {
        discovery.stop()
        thread.withLock { $0?.stop() }
    }

    /// Scrapes the targets of `configuration` from now on, and those of an earlier one no more.
    ///
    /// The series of targets that are gone end with staleness markers.
    public func apply(_ configuration: Configuration) {
        let jobs = configuration.jobs.sorted { byteOrder($0.name, $1.name) }
        state.withLock { $0.applying += 1 }
        discovery.apply(jobs)
        state.withLock { state in
            state.jobs = jobs
            state.applying -= 1
            state.applied += 1
        }
        guard let count = update() else { return }
        environment.logger.info("scraping", metadata: ["jobs": "\(jobs.count)", "targets": "\(count)"])
    }

    /// Puts the targets that the configuration and discovery give now in place of the present ones.
    /// - Returns: how many they are; nil where others were newer.
    private func update() -> Int? {
        let begun = state.withLock { state in
            state.plansBegun += 1
            return state
        }
        let number = begun.plansBegun
        let plan = plan(begun.jobs)
        let result = state.withLock { state -> (actions: [SessionSlot.Action], problems: Set<Plan.Problem>)? in
            // Whoever began later has seen all that this plan was made of.
            guard !state.isStopped, number > state.planInForce else { return nil }
            // What is being applied, or was since, makes a plan of its own.
            guard state.applying == 0, state.applied == begun.applied, begun.applying == 0 else { return nil }
            state.planInForce = number
            let old = state.problems
            state.problems = plan.problems
            return (replaceTargets(&state, by: plan), plan.problems.subtracting(old))
        }
        guard let result else { return nil }
        for problem in result.problems.sorted(by: { byteOrder($0.reason, $1.reason) }) {
            environment.logger.error("\(problem.message)", metadata: ["reason": "\(problem.reason)"])
        }
        for action in result.actions { perform(action) }
        schedule()
        return plan.targets.count
    }

    /// Gives the targets in force to the fetching thread.
    private func schedule() {
        while true {
            let (targets, number) = state.withLock { ($0.targets, $0.planInForce) }
            fetchThread()?.schedule(targets)
            // Another call may have been quicker and have its newer targets replaced by these.
            if state.withLock({ $0.planInForce }) == number { return }
        }
    }

    /// Ends scraping. Scrapes under way are dropped where their page has not come yet, or cannot be read in a few seconds,
    /// and stored otherwise; returns when that has happened, or after a time in which it should have. Series get no
    /// staleness markers: the server may be back in a moment.
    public func stop() async { await stop(readingMs: ScrapeManager.readingEndMsMax) }

    func stop(readingMs: Int64) async {
        state.withLock { $0.isStopped = true }
        environment.pageThreads.end(withinMs: readingMs)
        discovery.stop()
        let thread = self.thread.withLock { $0 }
        thread?.stop()
        let startMs = monotonicMs()
        while (!(thread?.isEnded ?? true) || pending.withLock({ $0 }) > 0)
            && monotonicMs() - startMs < ScrapeManager.scrapesEndMsMax
            || !discovery.isEnded && monotonicMs() - startMs < ScrapeManager.discoveryEndMsMax
        {
            do { try await Task.sleep(for: .milliseconds(2)) } catch { return }
        }
    }

    /// How long to wait for discovery, which may be reading a file of a system that does not answer.
    private static let discoveryEndMsMax: Int64 = 10_000

    /// How long pages that have come may be read: `docker stop` kills ten seconds after it asked.
    private static let readingEndMsMax: Int64 = 5000

    /// How long to wait for scrapes, which may be waiting for the disk: `docker/compose.yml` and `packaging/tsdb.service`
    /// give half a minute and more.
    private static let scrapesEndMsMax: Int64 = 20_000

    private func fetchThread() -> FetchThread? {
        thread.withLock { thread in
            if let thread { return thread }
            let started = FetchThread(clock: clock) { [weak self] target, dueMs, missed in
                self?.begin(target, dueMs: dueMs, missed: missed)
            }
            started.start()
            thread = started
            return started
        }
    }

    /// Starts a scrape on the fetching thread; nil where the one before is still under way.
    private func begin(_ target: Target, dueMs: Int64, missed: Int) -> Fetch? {
        environment.metrics.skipped.add(missed)
        let startMs = clock.nowMs()
        let timestampMs = ScrapeSchedule<Target>.timestamp(
            startMs: startMs, dueMs: dueMs, intervalMs: target.description.intervalMs)
        guard let session = target.slot.withLock({ $0.take() }) else {
            environment.metrics.skipped.add()
            return nil
        }
        pending.withLock { $0 += 1 }
        let scrape = Scrape(
            target: target, environment: environment, timestampMs: timestampMs, startedNs: monotonicNs())
        return Fetch(request(target, session)) { [self] result in
            // On the fetching thread, which must not wait for the store.
            Task.detached { await self.finish(scrape, result, session) }
        }
    }

    private func request(_ target: Target, _ session: ScrapeSession) -> FetchRequest {
        let limit = target.job.limits.bodyBytes
        return FetchRequest(
            url: target.description.url, timeoutMs: target.description.timeoutMs, userAgent: userAgent,
            accept: ScrapeProtocol.accept(target.job.scrapeProtocols, target.job.names.escaping),
            acceptsGzip: target.job.enableCompression,
            http: target.job.http,
            bodyBytesMax: limit > 0 ? limit : ScrapeManager.bodyBytesMaxDefault,
            bodyBytesExpected: session.lastBodyBytes)
    }

    private func finish(
        _ scrape: Scrape, _ page: Result<FetchedPage, ScrapeFailure>, _ session: consuming ScrapeSession
    ) async {
        var session = session
        let target = scrape.target
        if !state.withLock({ $0.isStopped }) || (try? page.get()) != nil {
            let failure = await scrape.run(page, &session)
            if failure != .stopped { record(scrape, failure) }
        }
        perform(target.slot.withLock { $0.giveBack(session) })
        pending.withLock { $0 -= 1 }
    }

    private func record(_ scrape: Scrape, _ failure: ScrapeFailure?) {
        let seconds = Double(monotonicNs() &- scrape.startedNs) / 1e9
        let change = scrape.target.status.withLock {
            $0.record(error: failure?.message ?? "", timestampMs: scrape.timestampMs, durationSeconds: seconds)
        }
        log(change, scrape.target, failure)
    }

    private func log(_ change: TargetHealth.Change, _ target: Target, _ failure: ScrapeFailure?) {
        let metadata: Logger.Metadata = ["job": "\(target.job.name)", "target": "\(target.description.url)"]
        switch change {
        case .none: break
        case .cameBack: environment.logger.notice("target is up again", metadata: metadata)
        case .wentDown:
            let reason: Logger.Metadata = ["error": "\(failure?.message ?? "")"]
            environment.logger.warning("target is down", metadata: metadata.merging(reason) { first, _ in first })
        }
    }
}
