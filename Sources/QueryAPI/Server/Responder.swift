import HTTPTypes
import Hummingbird
import Model
import NIOCore
import WebConfig

/// Takes a request to its route's handler and makes a response of the answer.
struct APIResponder: HTTPResponder {
    let api: API
    let routes: RouteTable
    let metrics: HTTPMetrics
    let origins: RegularExpression?

    func respond(to request: Request, context: APIRequestContext) async throws -> Response {
        guard let access = api.options.access else { return await respond(to: request, context, headers: []) }
        let visit = await access.admit(authorization: request.headers[.authorization])
        switch visit.verdict {
        case .allowed: return await respond(to: request, context, headers: visit.headers)
        case .unauthorized: return finisher(request) { _ in }.response(.unauthorized, headers: visit.headers)
        case .tooMany:
            let answer = Answer.errorText("Too Many Requests", .tooManyRequests)
            return finisher(request) { _ in }.response(answer, headers: visit.headers)
        }
    }

    /// - Parameter headers: what every answer bears.
    private func respond(
        to request: Request, _ context: APIRequestContext, headers: [(name: HTTPField.Name, value: String)]
    ) async -> Response {
        let began = monotonicNs()
        let prefix = api.options.routePrefix
        if !prefix.isEmpty, request.uri.path == prefix || request.uri.path == "/" {
            return finisher(request) { _ in }.response(.redirect(to: prefix + "/"), headers: headers)
        }
        guard let path = path(of: request), let found = routes.find(path) else {
            return finisher(request) { _ in }.response(unrouted(request), headers: headers)
        }
        let route = routes.routes[found.index]
        var call = Call(request: request, channel: context.channel)
        call.pathParameter = found.parameter
        var answer = await answer(call, route)
        if route.isAPI, answer.status != .methodNotAllowed { addCORS(request, to: &answer) }
        let code = answer.status.code
        let metrics = metrics
        let finisher = finisher(request) { bytes in
            let seconds = Double(monotonicNs() - began) / 1e9
            metrics.record(route: found.index, code: code, seconds: seconds, bytes: bytes)
        }
        return finisher.response(answer, headers: headers)
    }

    /// The path after the prefix, decoded; nil where it lies outside the prefix or is malformed.
    private func path(of request: Request) -> String? {
        let raw = request.uri.path
        guard raw.hasPrefix(api.options.routePrefix) else { return nil }
        let rest = raw.utf8.dropFirst(api.options.routePrefix.utf8.count)
        guard rest.contains(UInt8(ascii: "%")) else { return String(Substring(rest)) }
        guard let decoded = try? percentDecoded(ArraySlice(rest), plusIsSpace: false) else { return nil }
        return String(decoding: decoded, as: UTF8.self)
    }

    private func answer(_ call: Call, _ route: Route) async -> Answer {
        guard route.methods.contains(call.method) else {
            if call.method == .options { return options(route) }
            return .methodNotAllowed(route.methods)
        }
        do throws(APIError) {
            var call = call
            if route.readsForm {
                call.form = try await FormReader.read(call)
            }
            return try await route.handler(api)(call)
        } catch {
            return .error(error)
        }
    }

    private func options(_ route: Route) -> Answer {
        if route.isAPI { return .noContent() }
        return Answer(contentType: "", headers: [(.allow, Answer.allowList(route.methods))], body: .bytes([]))
    }

    private func unrouted(_ request: Request) -> Answer {
        guard request.method == .options, request.uri.path.hasPrefix(api.options.routePrefix + "/api/v1/") else {
            return .notFound
        }
        var answer = Answer.noContent()
        addCORS(request, to: &answer)
        return answer
    }

    private func addCORS(_ request: Request, to answer: inout Answer) {
        // Which headers come depends on the origin, which caches have to know even where none was sent.
        answer.headers.append((.vary, "Origin"))
        guard let origin = request.headers[.origin], let origins, origins.matches(origin) else { return }
        answer.headers += [
            (.accessControlAllowHeaders, "Accept, Authorization, Content-Type, Origin"),
            (.accessControlAllowMethods, "GET, POST, OPTIONS"),
            (.accessControlAllowOrigin, origin),
            (.accessControlExposeHeaders, "Date"),
        ]
    }

    private func finisher(_ request: Request, onEnd: @escaping @Sendable (Int) -> Void) -> AnswerFinisher {
        AnswerFinisher(
            isHead: request.method == .head, acceptsGzip: acceptsGzip(request.headers[.acceptEncoding] ?? ""),
            closes: request.headers[.connection]?.lowercased() == "close", onEnd: onEnd)
    }
}
