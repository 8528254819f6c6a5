import HTTPTypes
import NIOPosix

extension API {
    /// `/api/v1/write`: samples pushed by other programs.
    func write(_ call: Call) async throws(APIError) -> Answer {
        guard let receiver = writeReceiver else {
            let text = "remote write receiver needs to be enabled with --web.enable-remote-write-receiver"
            return .errorText(text, .notFound)
        }
        if let refusal = contentRefusal(call) { return .errorText(refusal, .unsupportedMediaType) }
        let body = try await call.body(upTo: Limit.writeBytes, options)
        do throws(WriteError) {
            try await receiver.receive(body) { work throws(WriteError) in try await self.onWriteThread(work) }
            return .noContent()
        } catch {
            return .errorText(error.message, error.status)
        }
    }

    private func onWriteThread(
        _ work: @escaping @Sendable () throws(WriteError) -> PreparedWrite
    ) async throws(WriteError) -> PreparedWrite {
        let result: Result<PreparedWrite, WriteError>
        do {
            result = try await storageThreads.runIfActive {
                do throws(WriteError) { return .success(try work()) } catch { return .failure(error) }
            }
        } catch {
            throw WriteError(.serviceUnavailable, "the server is shutting down")
        }
        return try result.get()
    }

    /// Why content of this type and encoding is not accepted; nil where it is.
    private func contentRefusal(_ call: Call) -> String? {
        let type = call.header(.contentType)
        let parts = type.split(separator: ";").map { $0.filter { $0 != " " } }
        if let media = parts.first, media.lowercased() != "application/x-protobuf" {
            return "expected application/x-protobuf as the first (media) part, got \(type) content-type"
        }
        for part in parts.dropFirst() where part.hasPrefix("proto=") && part != "proto=prometheus.WriteRequest" {
            return "got \(type) content type; unknown remote write protobuf message \(part.dropFirst(6)), "
                + "supported: prometheus.WriteRequest"
        }
        let encoding = call.header(.contentEncoding)
        if !encoding.isEmpty, encoding != "snappy" {
            return "\(encoding) encoding (compression) is not accepted by this server; only snappy is acceptable"
        }
        return nil
    }
}
