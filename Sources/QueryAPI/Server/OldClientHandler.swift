import NIOCore
import NIOHTTP1

/// Speaks HTTP/1.0 with a client that does: it knows no chunks, and that an answer is over it learns from the connection's
/// end, unless it asks for the connection to be kept.
///
/// Leaves the connection of a client that speaks HTTP/1.1.
final class OldClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var keepsConnection = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            if (head.version.major, head.version.minor) >= (1, 1) {
                context.fireChannelRead(data)
                return context.pipeline.syncOperations.removeHandler(self, promise: nil)
            }
            keepsConnection = head.isKeepAlive
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            head.version = .http1_0
            if !head.headers.contains(name: "content-length") { keepsConnection = false }
            head.headers.replaceOrAdd(name: "connection", value: keepsConnection ? "keep-alive" : "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            guard !keepsConnection else { return }
            context.flush()
            context.close(mode: .output, promise: nil)
        }
    }
}
