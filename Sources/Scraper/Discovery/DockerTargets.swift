import FoundationEssentials
import Model
import Synchronization

/// The containers of a Docker engine, which is asked for these and for its networks.
struct DockerTargets: TargetServer {
    let docker: DiscoveryConfiguration.Docker

    var refreshMs: Int64 { docker.refreshMs }
    var name: String { withoutPassword(docker.host) }
    var mechanism: String { "docker" }

    func ask(
        _ environment: DiscoveryEnvironment,
        _ finish: @escaping @Sendable (Result<[TargetGroup], TargetTextError>?) -> Void
    ) {
        let filters = filterText.isEmpty ? "" : "?filters=" + percentEncoded(filterText)
        let answers = Answers()
        get("/containers/json" + filters, "containers", environment) { answer in
            answers.take(containers: answer).map { finish(result($0, $1)) }
        }
        get("/networks", "networks", environment) { answer in
            answers.take(networks: answer).map { finish(result($0, $1)) }
        }
    }

    /// Nil where nobody wants an answer any more.
    private typealias Answer = Result<[UInt8], TargetTextError>?

    /// What has come of the two answers.
    private final class Answers: Sendable {
        private let state = Mutex<(containers: Answer?, networks: Answer?)>((nil, nil))

        /// Takes one, and gives both where the other was there.
        func take(containers: Answer? = nil, networks: Answer? = nil) -> (Answer, Answer)? {
            state.withLock { state in
                state = (containers ?? state.containers, networks ?? state.networks)
                guard let first = state.containers, let second = state.networks else { return nil }
                return (first, second)
            }
        }
    }

    private func result(_ containers: Answer, _ networks: Answer) -> Result<[TargetGroup], TargetTextError>? {
        guard let containers, let networks else { return nil }
        do throws(TargetTextError) {
            return .success(try groups(try containers.get(), try networks.get()))
        } catch {
            return .failure(error)
        }
    }

    private func groups(_ containers: [UInt8], _ networks: [UInt8]) throws(TargetTextError) -> [TargetGroup] {
        try docker.groups(
            try decode(DockerContainer.self, containers, "containers"),
            try decode(DockerNetwork.self, networks, "networks"))
    }

    /// A list, or null, of what may be null itself, which then has nothing that a target is made of.
    private func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8], _ what: String
    ) throws(TargetTextError) -> [Value] {
        do {
            return try JSONDecoder().decode([Value?]?.self, from: Data(bytes))?.compactMap { $0 } ?? []
        } catch {
            throw TargetTextError(reason: "the engine's list of \(what) cannot be read: \(reason(error))")
        }
    }

    private func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            // The decoder does not say where a number is that does not fit.
            return path.isEmpty
                ? "not a list in JSON, or a number in it is out of range"
                : "found another thing than expected at \(path)"
        @unknown default: return "not JSON"
        }
    }

    /// - Source: the engine's API: for each name the values, each of which is enough.
    private var filterText: String {
        guard !docker.filters.isEmpty else { return "" }
        var values: [String: [String: Bool]] = [:]
        for filter in docker.filters {
            for value in filter.values { values[filter.name, default: [:]][value] = true }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(values)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private func get(
        _ path: String, _ what: String, _ environment: DiscoveryEnvironment,
        _ finish: @escaping @Sendable (Answer) -> Void
    ) {
        var request = HTTPPost(
            url: "http://localhost" + path, timeoutMs: docker.refreshMs, userAgent: environment.userAgent,
            http: HTTPClientConfiguration(), headers: [], body: nil, replyBytesMax: TargetGroupText.bytesMax)
        if docker.host.hasPrefix("unix://") {
            request.socketPath = String(docker.host.dropFirst("unix://".count))
        } else {
            let host = docker.host.hasSuffix("/") ? String(docker.host.dropLast()) : docker.host
            let isPlain = host.hasPrefix("tcp://")
            request.url = (isPlain ? "http" + host.dropFirst("tcp".count) : host) + path
            if !isPlain { request.http = docker.http }
        }
        environment.session.start(request) { result in
            switch result {
            case .failure(let failure):
                let reason =
                    failure.isTooLong
                    ? "the engine's list of \(what) has more than \(TargetGroupText.bytesMax >> 20) MiB"
                    : failure.description
                finish(failure.isCancelled ? nil : .failure(TargetTextError(reason: reason)))
            case .success(let reply) where reply.status == 200: finish(.success(reply.body))
            case .success(let reply):
                let status = "the engine returned HTTP status \(reply.status)"
                let message = message(reply.body)
                finish(.failure(TargetTextError(reason: message.isEmpty ? status : status + ": " + message)))
            }
        }
    }

    /// What an engine says of a request that it refuses: `{"message": TEXT}`, or text.
    private func message(_ body: [UInt8]) -> String {
        struct Refusal: Decodable { var message: String }
        let start = Data(body.prefix(16 << 10))
        let text =
            (try? JSONDecoder().decode(Refusal.self, from: start))?.message ?? String(decoding: start, as: UTF8.self)
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return String(
            line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(300).map(Character.init))
    }
}
