import HTTPTypes
import Hummingbird
import NIOCore

/// Makes HTTP responses of answers: headers that all have, compression, and writing part by part.
struct AnswerFinisher: Sendable {
    let isHead: Bool
    let acceptsGzip: Bool
    /// Whether the client wants the connection closed after the answer.
    let closes: Bool
    /// Called once, with the bytes written, when the body is on its way.
    let onEnd: @Sendable (_ bytes: Int) -> Void

    /// - Parameter common: what every answer bears, unless it has its own.
    func response(_ answer: Answer, headers common: [(name: HTTPField.Name, value: String)] = []) -> Response {
        var headers = HTTPFields()
        for header in common { headers[header.name] = header.value }
        if !answer.contentType.isEmpty { headers[.contentType] = answer.contentType }
        for header in answer.headers { headers[header.name] = header.value }
        if closes { headers[.connection] = "close" }
        switch answer.body {
        case .bytes(let bytes): return whole(bytes, answer.status, headers, mayCompress: !answer.isEncoded)
        case .stream(let next): return awaited(next, answer.status, headers)
        case .chunks(var body):
            var first: [UInt8] = []
            first.reserveCapacity(Limit.chunkBytes + 4096)
            guard body.write(into: &first) else {
                return whole(first, answer.status, headers, mayCompress: !answer.isEncoded)
            }
            return streamed(first, body, answer.status, headers)
        case .events(let events): return endless(events, answer.status, headers)
        }
    }

    private func endless(_ events: EventBody, _ status: HTTPResponse.Status, _ headers: HTTPFields) -> Response {
        let onEnd = onEnd
        let stream = ResponseBody { writer in
            var count = 0
            defer {
                events.onEnd()
                onEnd(count)
            }
            for await event in events.stream {
                let buffer = EventBody.encode(event)
                count += buffer.readableBytes
                try await writer.write(buffer)
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: stream)
    }

    /// A body that is known as a whole, so that its length can be told.
    private func whole(
        _ bytes: [UInt8], _ status: HTTPResponse.Status, _ headers: HTTPFields, mayCompress: Bool
    ) -> Response {
        var headers = headers
        var bytes = bytes
        if mayCompress, acceptsGzip, bytes.count >= Limit.compressBytesMin, let deflater = Deflater() {
            var compressed: [UInt8] = []
            deflater.compress(bytes, isLast: true, into: &compressed)
            bytes = compressed
            headers[.contentEncoding] = "gzip"
        }
        if status != .noContent { headers[.contentLength] = String(bytes.count) }
        onEnd(bytes.count)
        if isHead || status == .noContent { return Response(status: status, headers: headers) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A body whose parts are waited for.
    private func awaited(
        _ next: @escaping @Sendable () async throws -> [UInt8]?, _ status: HTTPResponse.Status, _ headers: HTTPFields
    ) -> Response {
        let onEnd = onEnd
        let stream = ResponseBody { writer in
            var count = 0
            defer { onEnd(count) }
            while let part = try await next() {
                count += part.count
                try await writer.write(ByteBuffer(bytes: part))
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: stream)
    }

    private func streamed(
        _ first: [UInt8], _ body: any ChunkedBody, _ status: HTTPResponse.Status, _ headers: HTTPFields
    ) -> Response {
        var headers = headers
        let deflater = acceptsGzip ? Deflater() : nil
        if deflater != nil { headers[.contentEncoding] = "gzip" }
        let onEnd = onEnd
        let stream = ResponseBody { writer in
            var body = body
            var chunk = first
            var count = 0
            var hasMore = true
            defer { onEnd(count) }
            while true {
                let buffer = encode(chunk, deflater, isLast: !hasMore)
                count += buffer.readableBytes
                if buffer.readableBytes > 0 { try await writer.write(buffer) }
                guard hasMore else { break }
                // A write that needs no waiting does not give up the thread; other requests want it too.
                await Task.yield()
                chunk.removeAll(keepingCapacity: true)
                hasMore = body.write(into: &chunk)
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: stream)
    }
}

private func encode(_ chunk: [UInt8], _ deflater: Deflater?, isLast: Bool) -> ByteBuffer {
    guard let deflater else { return ByteBuffer(bytes: chunk) }
    var compressed: [UInt8] = []
    deflater.compress(chunk, isLast: isLast, into: &compressed)
    return ByteBuffer(bytes: compressed)
}
