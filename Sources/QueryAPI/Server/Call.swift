import HTTPTypes
import Hummingbird
import NIOCore

/// A request on its way through a handler.
struct Call: Sendable {
    let request: Request
    let channel: any Channel
    /// The parameters of the URL and of a form sent as body.
    var form = Form()
    /// What the path has in place of its route's variable part, decoded.
    var pathParameter = ""

    var method: HTTPRequest.Method { request.method }

    func header(_ name: HTTPField.Name) -> String { request.headers[name] ?? "" }
}

/// The part of Hummingbird's request context that is needed here: the channel.
struct APIRequestContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}
