import Model
import Synchronization

/// A server that knows targets.
protocol TargetServer: Sendable {
    /// How often it is asked, and how long an answer may take.
    var refreshMs: Int64 { get }
    /// What is asked, for the log, without passwords.
    var name: String { get }
    /// The kind of discovery, as metrics name it.
    var mechanism: String { get }

    /// Asks for the targets. `finish` gets nil where nobody wants an answer any more.
    func ask(
        _ environment: DiscoveryEnvironment,
        _ finish: @escaping @Sendable (Result<[TargetGroup], TargetTextError>?) -> Void)
}

/// Targets that a server is asked for at every refresh.
final class AskingSource: TargetSource {
    private struct State {
        var groups: [TargetGroup]?
        var nextMs: Int64 = 0
        var isAsking = false
        var error = ""
    }

    let configuration: DiscoveryConfiguration
    private let server: any TargetServer
    private let environment: DiscoveryEnvironment
    private let state = Mutex(State())

    init(_ configuration: DiscoveryConfiguration, _ server: any TargetServer, _ environment: DiscoveryEnvironment) {
        self.configuration = configuration
        self.server = server
        self.environment = environment
    }

    var groups: [TargetGroup]? { state.withLock { $0.groups } }

    func step(nowMs: Int64) -> Int64 {
        let waitMs = state.withLock { state -> Int64? in
            // An answer ends the wait by itself.
            if state.isAsking { return server.refreshMs }
            guard nowMs >= state.nextMs else { return state.nextMs - nowMs }
            state.isAsking = true
            state.nextMs = nowMs + server.refreshMs
            return nil
        }
        if let waitMs { return waitMs }
        server.ask(environment) { [weak self] in self?.finish($0) }
        return server.refreshMs
    }

    private func finish(_ result: Result<[TargetGroup], TargetTextError>?) {
        // The server stops.
        guard let result else { return }
        var found: [TargetGroup]?
        var error = ""
        switch result {
        case .success(let groups): found = groups
        case .failure(let failure):
            error = failure.reason
            if server.mechanism == "http" { environment.metrics.httpFailures.add() }
            environment.metrics.refreshFailures[server.mechanism]?.add()
        }
        let before = state.withLock { state in
            let before = state
            state.isAsking = false
            state.groups = found ?? state.groups ?? []
            state.error = error
            return before
        }
        environment.report("asking for targets", server.name, error: error, before: before.error)
        if groups != before.groups { environment.changed() }
    }
}
