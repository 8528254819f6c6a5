import Model

/// Targets that a server lists in JSON.
struct HTTPTargets: TargetServer {
    let http: DiscoveryConfiguration.HTTP

    var refreshMs: Int64 { http.refreshMs }
    var name: String { withoutPassword(http.url) }
    var mechanism: String { "http" }

    func ask(
        _ environment: DiscoveryEnvironment,
        _ finish: @escaping @Sendable (Result<[TargetGroup], TargetTextError>?) -> Void
    ) {
        let request = HTTPPost(
            url: http.url, timeoutMs: http.refreshMs, userAgent: environment.userAgent, http: http.http,
            headers: [
                ("Accept", "application/json"), ("X-Prometheus-Refresh-Interval-Seconds", seconds(http.refreshMs)),
            ], body: nil, replyBytesMax: TargetGroupText.bytesMax)
        environment.session.start(request) { result in
            switch result {
            case .failure(let failure):
                finish(failure.isCancelled ? nil : .failure(TargetTextError(reason: failure.description)))
            case .success(let reply):
                do throws(TargetTextError) {
                    finish(.success(try groups(reply)))
                } catch {
                    finish(.failure(error))
                }
            }
        }
    }

    private func groups(_ reply: HTTPReply) throws(TargetTextError) -> [TargetGroup] {
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
