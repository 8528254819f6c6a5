import HTTPTypes
import Hummingbird
import NIOCore

/// Reads a request's parameters from its URL and body.
enum FormReader {
    static func read(_ call: Call) async throws(APIError) -> Form {
        var form = Form()
        if call.method == .post || call.method == .put, isForm(call.header(.contentType)) {
            let body = try await call.body(upTo: Limit.formBytes)
            try form.add(body.readableBytesView)
        }
        if let query = call.request.uri.query { try form.add(query.utf8) }
        return form
    }

    private static func isForm(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased()
        return type.filter { $0 != " " } == "application/x-www-form-urlencoded"
    }
}

extension Call {
    /// The whole body.
    ///
    /// The connection is closed where the body is too long: what of it is still to come is not wanted.
    func body(upTo bytesMax: Int) async throws(APIError) -> ByteBuffer {
        let channel = channel
        if let length = Int(header(.contentLength)), length > bytesMax {
            closeSoon()
            throw .badData("request body too large: \(length) bytes, at most \(bytesMax) are accepted")
        }
        do {
            return try await request.body.collect(upTo: bytesMax)
        } catch is NIOTooManyBytesError {
            closeSoon()
            throw .badData("request body too large: at most \(bytesMax) bytes are accepted")
        } catch {
            throw .badData("cannot read the request's body: \(error)")
        }
    }

    /// Closes the connection when the answer has had time to reach the client.
    private func closeSoon() {
        let channel = channel
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
