import NIOCore

/// Watches a connection: reports that the client left, and closes where the client takes nothing of its answer for too
/// long.
///
/// A client that half-closes after its request counts as gone, as it does for Go's server.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    private let connection: Connection
    private let stallTimeout: TimeAmount
    private var writesPending = 0
    private var stallTimer: Scheduled<Void>?

    init(connection: Connection, stallTimeout: TimeAmount) {
        self.connection = connection
        self.stallTimeout = stallTimeout
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { connection.leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.leave()
        stopTimer()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimer() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise()
        writesPending += 1
        if stallTimer == nil { startTimer(context) }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.assumeIsolated().whenComplete { _ in handler.value.writeCompleted(context.value) }
        context.value.write(data, promise: promise)
    }

    private func writeCompleted(_ context: ChannelHandlerContext) {
        writesPending -= 1
        stopTimer()
        if writesPending > 0 { startTimer(context) }
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        let channel = context.channel
        stallTimer = context.eventLoop.scheduleTask(in: stallTimeout) { channel.close(promise: nil) }
    }

    private func stopTimer() {
        stallTimer?.cancel()
        stallTimer = nil
    }
}
