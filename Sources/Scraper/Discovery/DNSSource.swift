import Model
import Synchronization

/// Targets that names stand for.
///
/// Each name is looked up by itself in a short-lived thread: the resolver waits for its answers.
final class DNSSource: TargetSource {
    private struct Name {
        var groups: [TargetGroup]?
        var nextMs: Int64 = 0
        var isAsking = false
        var error = ""
    }

    /// How many names are looked up at a time, of all entries together, and how soon a further one is tried.
    private static let lookupsMax = 32
    private static let retryMs: Int64 = 100

    let configuration: DiscoveryConfiguration
    private let dns: DiscoveryConfiguration.DNS
    private let environment: DiscoveryEnvironment
    private let names: Mutex<[Name]>

    init(_ dns: DiscoveryConfiguration.DNS, _ environment: DiscoveryEnvironment) {
        configuration = .dns(dns)
        self.dns = dns
        self.environment = environment
        names = Mutex(dns.names.map { _ in Name() })
    }

    var groups: [TargetGroup]? {
        let all = names.withLock { $0.map(\.groups) }
        return all.contains { $0 == nil } ? nil : all.flatMap { $0 ?? [] }
    }

    func step(nowMs: Int64) -> Int64 {
        var waitMs = dns.refreshMs
        let idle = names.withLock { names in
            names.indices.filter { !names[$0].isAsking }.map { (index: $0, dueMs: names[$0].nextMs) }
        }
        // Those that have waited longest first: there may be too many for all to have their turn in time.
        for (index, due) in idle.sorted(by: { ($0.dueMs, $0.index) < ($1.dueMs, $1.index) }) {
            if due > nowMs {
                waitMs = min(waitMs, due - nowMs)
            } else if begin(index) {
                names.withLock { $0[index].nextMs = nowMs + dns.refreshMs }
            } else {
                waitMs = min(waitMs, DNSSource.retryMs)
            }
        }
        return waitMs
    }

    /// Starts a lookup; false where there are too many, or no thread can be had.
    private func begin(_ index: Int) -> Bool {
        let isFree = environment.lookups.withLock { count in
            guard count < DNSSource.lookupsMax else { return false }
            count += 1
            return true
        }
        guard isFree else { return false }
        names.withLock { $0[index].isAsking = true }
        let isStarted = startThread { [self] in
            finish(index, lookUp(dns.names[index], dns.type, nameserver: environment.nameserver))
            environment.lookups.withLock { $0 -= 1 }
        }
        if !isStarted {
            names.withLock { $0[index].isAsking = false }
            environment.lookups.withLock { $0 -= 1 }
        }
        return isStarted
    }

    private func finish(_ index: Int, _ result: Result<[DNSRecord], DNSFailure>) {
        var found: [TargetGroup]?
        var error = ""
        environment.metrics.lookups.add()
        switch result {
        case .success(let records): found = records.map { group(dns.names[index], $0) }
        case .failure(let failure):
            error = failure.reason
            environment.metrics.lookupFailures.add()
            environment.metrics.refreshFailures["dns"]?.add()
        }
        let (before, after) = names.withLock { names in
            let before = names[index]
            names[index].isAsking = false
            names[index].groups = found ?? before.groups ?? []
            names[index].error = error
            return (before, names[index])
        }
        environment.report("looking up targets", dns.names[index], error: error, before: before.error)
        if after.groups != before.groups { environment.changed() } else { environment.session.wake() }
    }

    /// - Source: Prometheus 3.5, `discovery/dns`.
    private func group(_ name: String, _ record: DNSRecord) -> TargetGroup {
        var labels = LabelsBuilder()
        labels.set("__meta_dns_name", name)
        // A name's last dot is for resolvers, not for requests.
        let host = record.target.hasSuffix(".") ? String(record.target.dropLast()) : record.target
        let address: String
        switch dns.type {
        case .a: address = "\(record.address):\(dns.port)"
        case .aaaa: address = "[\(record.address)]:\(dns.port)"
        case .srv:
            labels.set("__meta_dns_srv_record_target", record.target)
            labels.set("__meta_dns_srv_record_port", String(record.port))
            address = "\(host):\(record.port)"
        case .mx:
            labels.set("__meta_dns_mx_record_target", record.target)
            address = "\(host):\(dns.port)"
        case .ns:
            labels.set("__meta_dns_ns_record_target", record.target)
            address = "\(host):\(dns.port)"
        }
        return TargetGroup(targets: [address], labels: labels.labels())
    }
}
