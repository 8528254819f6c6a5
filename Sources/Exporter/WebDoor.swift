import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import WebConfig

/// Opens the file of `--web-config-file`.
///
/// - Throws: `SourceError` with every fault of it.
func openWebConfig(_ path: String, _ logger: Logger) throws(SourceError) -> WebAccess {
    do {
        return try WebAccess(path: path, logger: logger)
    } catch {
        throw SourceError("--web-config-file: \(error)")
    }
}

/// HTTP/1.1, encrypted where the web configuration says so.
struct WebChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let http: HTTP1Channel
    let access: WebAccess?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let encrypted = access?.encrypt(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
        return encrypted.flatMap { http.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}

/// Lets in who may ask, and whom may not, tells so.
struct WebDoor<Inner: HTTPResponder>: HTTPResponder {
    let inner: Inner
    let access: WebAccess?

    func respond(to request: Request, context: Inner.Context) async throws -> Response {
        guard let access else { return try await inner.respond(to: request, context: context) }
        let visit = await access.admit(authorization: request.headers[.authorization])
        var response =
            switch visit.verdict {
            case .allowed: try await inner.respond(to: request, context: context)
            case .unauthorized: refusal(.unauthorized)
            case .tooMany: refusal(.tooManyRequests)
            }
        for (name, value) in visit.headers { response.headers[name] = value }
        return response
    }

    private func refusal(_ status: HTTPResponse.Status) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", .xContentTypeOptions: "nosniff"]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Basic" }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: status.reasonPhrase + "\n")))
    }
}
