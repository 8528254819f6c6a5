import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import WebConfig

/// HTTP/1.1 with a ``Connection`` beside each channel, which the handlers of its requests find as
/// ``Connection/current``.
struct ConnectionChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: HTTP1Channel
        let asyncChannel: HTTP1Channel.Value
        let connection: Connection

        var channel: any Channel { asyncChannel.channel }
    }

    let responder: HTTPChannelHandler.Responder
    let timeout: TimeAmount
    /// Who may ask; nil where everybody may.
    let access: WebAccess?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let connection = Connection()
        let http = HTTP1Channel(responder: responder, configuration: configuration(connection))
        let encrypted = access?.encrypt(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
        return encrypted.flatMap { http.setup(channel: channel, logger: logger) }.flatMapThrowing {
            asyncChannel in
            // The server drops a connection that it accepts while it ends. Nobody has ended its writer then, and SwiftNIO
            // traps; once the channel is closed, the writer is at its end.
            channel.closeFuture.whenComplete { _ in withExtendedLifetime(asyncChannel) {} }
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(OldClientHandler(), position: .after(decoder))
            return Value(http: http, asyncChannel: asyncChannel, connection: connection)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await Connection.$current.withValue(value.connection) {
                await value.http.handle(value: value.asyncChannel, logger: logger)
            }
        }
    }

    private func configuration(_ connection: Connection) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionHandler(connection: connection, timeout: timeout)],
            idleTimeout: timeout,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Limit.headerFieldBytes, maxHeaderListSize: Limit.headerBytes,
                maxHeaderFieldCount: Limit.headerFields))
    }
}
