import NIOCore

/// Tells a client that speaks HTTP where TLS is spoken so, instead of an error that nobody understands.
///
/// - Source: Go's `net/http` answers so, and looks at the same first five bytes.
final class PlainRequestNotice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let beginnings = ["GET /", "HEAD ", "POST ", "PUT /", "OPTIO"]
    private static let answer =
        "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

    private var isAnswered = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isAnswered { return }
        let buffer = unwrapInboundIn(data)
        guard let beginning = buffer.getString(at: buffer.readerIndex, length: 5),
            PlainRequestNotice.beginnings.contains(beginning)
        else {
            context.fireChannelRead(data)
            return context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        isAnswered = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: PlainRequestNotice.answer)), promise: nil)
        context.close(promise: nil)
    }
}
