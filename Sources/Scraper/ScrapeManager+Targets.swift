import Glibc
import Logging
import Model
import Synchronization

extension ScrapeManager {
    /// A configuration's targets, job by job.
    struct Plan {
        /// Why targets cannot be used.
        struct Problem: Hashable {
            var message: String
            var reason: String
        }

        var targets: [(description: TargetDescription, job: JobConfiguration)] = []
        var dropped: [DroppedTarget] = []
        var problems: Set<Problem> = []
    }

    /// The targets of `jobs`; a job that has more than its limit has none, and one that cannot be used is left out.
    func plan(_ jobs: [JobConfiguration]) -> Plan {
        var plan = Plan()
        for job in jobs {
            let (targets, problems, dropped) = job.buildTargets(discovery.groups(of: job))
            let shown = job.limits.droppedTargets > 0 ? job.limits.droppedTargets : dropped.count
            plan.dropped += dropped.prefix(shown).map { DroppedTarget(discoveredLabels: $0, scrapePool: job.name) }
            for problem in problems { plan.problems.insert(.init(message: "cannot use a target", reason: problem)) }
            if job.limits.targets > 0, targets.count > job.limits.targets {
                environment.metrics.overTargetLimit.add()
                plan.problems.insert(
                    .init(
                        message: "target_limit exceeded: none of the job's targets is scraped",
                        reason: "job \(job.name) has \(targets.count) targets, its limit is \(job.limits.targets)"))
                continue
            }
            plan.targets += targets.map { ($0, job) }
        }
        plan.targets.sort {
            $0.job.name == $1.job.name
                ? byteOrder($0.description.url, $1.description.url) : byteOrder($0.job.name, $1.job.name)
        }
        return plan
    }

    /// Puts the plan's targets in place of the present ones, keeping those that are wholly the same, and returns what
    /// is to be done once the lock is released. Lock order: `state`, then a target's `slot`.
    func replaceTargets(_ state: inout State, by plan: Plan) -> [SessionSlot.Action] {
        var old: [TargetDescription.Identity: Target] = [:]
        for target in state.targets { old[target.description.identity] = target }
        var targets: [Target] = []
        var actions: [SessionSlot.Action] = []
        for (description, job) in plan.targets {
            guard let before = old.removeValue(forKey: description.identity) else {
                targets.append(newTarget(description, job, state.leaving[description.identity]))
                continue
            }
            if before.description == description, before.job.scrapesLike(job) {
                targets.append(before)
                continue
            }
            let after = Target(description, job: job, slot: .awaitingSession(), metadata: before.metadata)
            let health = before.status.withLock { $0 }
            after.status.withLock { $0 = health }
            actions.append(before.slot.withLock { $0.leave(successor: after) })
            targets.append(after)
        }
        for (identity, target) in old {
            actions.append(target.slot.withLock { $0.leave(successor: nil) })
            state.leaving[identity] = target
        }
        state.leaving = state.leaving.filter { $0.value.slot.withLock { $0.isLeavingAlone } }
        state.targets = targets
        state.dropped = plan.dropped
        return actions
    }

    /// - Parameter before: a target of the same series that was removed and may still be being scraped: what ends its
    ///   series would come behind the new one's samples.
    private func newTarget(_ description: TargetDescription, _ job: JobConfiguration, _ before: Target?) -> Target {
        if let before {
            let after = Target(description, job: job, slot: .awaitingSession(), metadata: before.metadata)
            if before.slot.withLock({ $0.adopt(after) }) { return after }
        }
        return Target(description, job: job)
    }

    /// Does what a slot asks for.
    func perform(_ action: SessionSlot.Action) {
        switch action {
        case .none: break
        case .handOver(var session, let successor):
            session.invalidateLines()
            perform(successor.slot.withLock { $0.giveBack(session) })
        case .end(let session): end(session)
        }
    }

    /// Ends the series of a target that is no longer scraped.
    private func end(_ session: ScrapeSession) {
        // A server that stops leaves its series open.
        guard !state.withLock({ $0.isStopped }) else { return }
        var session = session
        let timestampMs = max(clock.nowMs(), session.lastTimestampMs &+ 1)
        guard let batch = session.end(timestampMs: timestampMs) else { return }
        pending.withLock { $0 += 1 }
        Task.detached { [self] in
            do throws(StorageError) {
                _ = try await environment.store.append(batch)
            } catch {
                environment.storeHealth.failed(error, environment.logger)
            }
            pending.withLock { $0 -= 1 }
        }
    }

    public func activeTargets() -> [TargetStatus] {
        state.withLock { $0.targets }.map { target in
            let health = target.status.withLock { $0 }
            let description = target.description
            return TargetStatus(
                discoveredLabels: description.discoveredLabels, labels: description.labels, scrapePool: target.job.name,
                scrapeURL: description.url, globalURL: globalURL(description.url), lastError: health.lastError,
                lastScrape: health.lastScrapeMs, lastScrapeDurationSeconds: health.lastDurationSeconds,
                health: health.health, scrapeIntervalMs: description.intervalMs, scrapeTimeoutMs: description.timeoutMs)
        }
    }

    /// The number of targets per job.
    func poolFamilies() -> [MetricFamily] {
        var counts: [String: Int] = [:]
        for target in state.withLock({ $0.targets }) { counts[target.job.name, default: 0] += 1 }
        let points = counts.sorted { byteOrder($0.key, $1.key) }.map {
            MetricPoint(labels: Labels([("scrape_job", $0.key)]), value: Double($0.value))
        }
        return [
            MetricFamily("prometheus_target_scrape_pool_targets", "Targets that are scraped, by job.", .gauge, points)
        ] + settingFamilies() + discovery.families()
    }
}

extension JobConfiguration {
    /// Whether a target scraped for `other` would be scraped just as for this job: the lists of targets may differ.
    fileprivate func scrapesLike(_ other: JobConfiguration) -> Bool {
        var a = self
        var b = other
        (a.targetGroups, b.targetGroups) = ([], [])
        (a.discoveries, b.discoveries) = ([], [])
        return a == b
    }
}

/// `url` with this machine's name in place of a host that means the machine itself.
private func globalURL(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return url }
    let rest = url[scheme.upperBound...]
    for host in ["localhost", "127.0.0.1", "[::1]"] where rest.hasPrefix(host) {
        let after = rest.dropFirst(host.count)
        guard after.isEmpty || after.first == ":" || after.first == "/" else { continue }
        return url[..<scheme.upperBound] + hostName + after
    }
    return url
}

private let hostName: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}()
