import Model
import Synchronization

extension ScrapeManager {
    public func droppedTargets() -> [DroppedTarget] { state.withLock { $0.dropped } }

    public func scrapePools() -> [String] { state.withLock { $0.jobs.map(\.name) } }

    public func configuration(ofPool pool: String) -> String? { job(pool)?.yamlText }

    public func relabelSteps(ofPool pool: String, _ labels: Labels) -> [RelabelStep]? {
        guard let rules = job(pool)?.relabelRules else { return nil }
        var builder = LabelsBuilder(labels)
        var isKept = true
        return rules.map { rule in
            // What was dropped stays so, with the labels that it had then.
            if isKept { isKept = rule.apply(&builder) }
            return RelabelStep(rule: rule.settings, output: isKept ? builder.labels() : .empty, isKept: isKept)
        }
    }

    public func targetMetadata(metric: String?) -> [(target: Labels, metadata: [MetricMetadata])] {
        state.withLock { $0.targets }.map { ($0.description.labels, $0.metadata.all(metric: metric)) }
    }

    /// What is known of jobs besides their targets.
    func settingFamilies() -> [MetricFamily] {
        let (jobs, targets) = state.withLock { ($0.jobs, $0.targets) }
        var entries: [String: Int] = [:]
        for target in targets { entries[target.job.name, default: 0] += target.metadata.count }
        func family(_ name: String, _ help: String, _ value: (JobConfiguration) -> Int) -> MetricFamily {
            let points = jobs.map { job in
                MetricPoint(labels: Labels([("scrape_job", job.name)]), value: Double(value(job)))
            }
            return MetricFamily("prometheus_target_" + name, help, .gauge, points)
        }
        return [
            family("metadata_cache_entries", "Metrics that the pages of a job's targets tell of.") {
                entries[$0.name] ?? 0
            },
            family("scrape_pool_target_limit", "The most targets of a job; 0: any number.") { $0.limits.targets },
        ]
    }

    private func job(_ name: String) -> JobConfiguration? { state.withLock { $0.jobs.first { $0.name == name } } }
}

extension RelabelRule {
    /// The settings by their names in Prometheus's API, without those that are empty.
    fileprivate var settings: [(name: String, values: [String])] {
        let all: [(String, [String])] = [
            ("sourceLabels", sourceLabels), ("separator", [separator]), ("regex", [regex.pattern]),
            ("modulus", modulus > 0 ? [String(modulus)] : []), ("targetLabel", [targetLabel]),
            ("replacement", [replacement]), ("action", [action.rawValue]),
        ]
        return all.filter { !$0.1.isEmpty && $0.1 != [""] }
    }
}
