import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches a connection: reports that the client left; closes where a request does not arrive in time, or where the client
/// takes nothing of its answer for as long; and tells a client whose request cannot be read why.
///
/// A client that half-closes after its request counts as gone, as it does for Go's server.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connection: Connection
    private let timeout: TimeAmount
    /// Requests that have begun to arrive and are not answered.
    private var requestsOpen = 0
    /// Whether the end of a request is still to come.
    private var isReading = false
    private var readTimer: Scheduled<Void>?
    private var writesPending = 0
    private var writeTimer: Scheduled<Void>?
    private var isRefused = false

    init(connection: Connection, timeout: TimeAmount) {
        self.connection = connection
        self.timeout = timeout
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            requestsOpen += 1
            isReading = true
            if requestsOpen == 1, head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end:
            isReading = false
            stop(&readTimer)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests arrive whole and need no timer. One that does not is not given more time by sending a little.
        if isReading, readTimer == nil { readTimer = closing(context, in: timeout) }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isRefused { return }
        guard let error = error as? HTTPParserError, requestsOpen == 0 else { return context.fireErrorCaught(error) }
        isRefused = true
        let status: HTTPResponse.Status =
            error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest
        let text = "\(status.code) \(status.reasonPhrase)"
        let fields: HTTPFields = [
            .contentType: Answer.plainText, .connection: "close", .contentLength: "\(text.utf8.count)",
        ]
        context.write(wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: fields))), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: text))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Closing while the client still sends would take the answer from it.
        readTimer = closing(context, in: .milliseconds(500))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { connection.leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.leave()
        stopTimers()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimers() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { requestsOpen -= 1 }
        let promise = promise ?? context.eventLoop.makePromise()
        writesPending += 1
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.assumeIsolated().whenComplete { _ in handler.value.writeCompleted(context.value) }
        context.value.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        // Most of what is flushed is taken at once.
        if writesPending > 0, writeTimer == nil { writeTimer = closing(context, in: timeout) }
    }

    private func writeCompleted(_ context: ChannelHandlerContext) {
        writesPending -= 1
        guard writeTimer != nil else { return }
        stop(&writeTimer)
        if writesPending > 0 { writeTimer = closing(context, in: timeout) }
    }

    private func closing(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func stop(_ timer: inout Scheduled<Void>?) {
        timer?.cancel()
        timer = nil
    }

    private func stopTimers() {
        stop(&readTimer)
        stop(&writeTimer)
    }
}
