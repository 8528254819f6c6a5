import Model
import Synchronization

/// Targets that a server lists in JSON.
final class HTTPSource: TargetSource {
    private struct State {
        var groups: [TargetGroup]?
        var nextMs: Int64 = 0
        var isAsking = false
        var error = ""
    }

    let configuration: DiscoveryConfiguration
    private let http: DiscoveryConfiguration.HTTP
    private let environment: DiscoveryEnvironment
    private let state = Mutex(State())

    init(_ http: DiscoveryConfiguration.HTTP, _ environment: DiscoveryEnvironment) {
        configuration = .http(http)
        self.http = http
        self.environment = environment
    }

    var groups: [TargetGroup]? { state.withLock { $0.groups } }

    func step(nowMs: Int64) -> Int64 {
        let waitMs = state.withLock { state -> Int64? in
            // An answer ends the wait by itself.
            if state.isAsking { return http.refreshMs }
            guard nowMs >= state.nextMs else { return state.nextMs - nowMs }
            state.isAsking = true
            state.nextMs = nowMs + http.refreshMs
            return nil
        }
        if let waitMs { return waitMs }
        let request = HTTPPost(
            url: http.url, timeoutMs: http.refreshMs, userAgent: environment.userAgent, http: http.http,
            headers: [
                ("Accept", "application/json"), ("X-Prometheus-Refresh-Interval-Seconds", seconds(http.refreshMs)),
            ], body: nil, replyBytesMax: TargetGroupText.bytesMax)
        environment.session.start(request) { [weak self] in self?.finish($0) }
        return http.refreshMs
    }

    private func finish(_ result: Result<HTTPReply, HTTPFailure>) {
        // The server stops.
        if case .failure(let failure) = result, failure.isCancelled { return }
        var found: [TargetGroup]?
        var error = ""
        do throws(TargetTextError) {
            found = try groups(result)
        } catch let failure {
            error = failure.reason
            environment.metrics.httpFailures.add()
            environment.metrics.refreshFailures["http"]?.add()
        }
        let before = state.withLock { state in
            let before = state
            state.isAsking = false
            state.groups = found ?? state.groups ?? []
            state.error = error
            return before
        }
        environment.report("asking for targets", withoutPassword(http.url), error: error, before: before.error)
        if groups != before.groups { environment.changed() }
    }

    private func groups(_ result: Result<HTTPReply, HTTPFailure>) throws(TargetTextError) -> [TargetGroup] {
        let reply: HTTPReply
        switch result {
        case .success(let answer): reply = answer
        case .failure(let failure):
            throw TargetTextError(reason: failure.description)
        }
        guard reply.status == 200 else {
            throw TargetTextError(reason: "server returned HTTP status \(reply.status)")
        }
        let type = reply.contentType.lowercased().split(separator: ";").map { $0.filter { $0 != " " && $0 != "\"" } }
        guard type.first == "application/json", type.count == 1 || type.count == 2 && type[1] == "charset=utf-8" else {
            throw TargetTextError(reason: "unsupported content type \(quoted(reply.contentType))")
        }
        return try TargetGroupText.json(reply.body).map { $0.adding("__meta_url", withoutPassword(http.url)) }
    }
}
