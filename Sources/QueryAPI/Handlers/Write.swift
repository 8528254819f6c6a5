import HTTPTypes
import NIOPosix

extension API {
    /// `/api/v1/write`: samples pushed by other programs.
    func write(_ call: Call) async throws(APIError) -> Answer {
        guard let receiver = writeReceiver else {
            let text = "remote write receiver needs to be enabled with --web.enable-remote-write-receiver"
            return .errorText(text, .notFound)
        }
        let version: WriteRequest.Version
        switch acceptedVersion(call) {
        case .success(let accepted): version = accepted
        case .failure(let refusal): return .errorText(refusal.description, .unsupportedMediaType)
        }
        let body = try await call.body(upTo: Limit.writeBytes)
        var outcome = WriteOutcome()
        var answer: Answer
        do throws(WriteError) {
            outcome = try await receiver.receive(body, version) { work throws(WriteError) in
                try await self.onWriteThread(work)
            }
            answer =
                outcome.problems.isEmpty
                ? .noContent() : .errorText(outcome.problems.joined(separator: "\n"), .badRequest)
        } catch {
            answer = .errorText(error.message, error.status)
        }
        if version == .v2 { answer.headers += writtenHeaders(outcome) }
        return answer
    }

    /// How much was stored, which a sender of version 2.0 counts by, and knows the version by.
    private func writtenHeaders(_ outcome: WriteOutcome) -> [(name: HTTPField.Name, value: String)] {
        [("Samples", outcome.samples), ("Histograms", outcome.histograms), ("Exemplars", outcome.exemplars)]
            .compactMap { kind, count in
                HTTPField.Name("X-Prometheus-Remote-Write-\(kind)-Written").map { ($0, "\(count)") }
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

    /// The message that the content is said to be, or why it is not accepted.
    private func acceptedVersion(_ call: Call) -> Result<WriteRequest.Version, ContentRefusal> {
        let type = call.header(.contentType)
        let parts = type.split(separator: ";").map { $0.filter { $0 != " " } }
        if let media = parts.first, media.lowercased() != "application/x-protobuf" {
            return .failure(
                ContentRefusal(
                    description:
                        "expected application/x-protobuf as the first (media) part, got \(type) content-type"))
        }
        var version = WriteRequest.Version.v1
        for part in parts.dropFirst() where part.hasPrefix("proto=") {
            guard let named = WriteRequest.Version(rawValue: String(part.dropFirst(6))) else {
                let known = "\(WriteRequest.Version.v1.rawValue), \(WriteRequest.Version.v2.rawValue)"
                return .failure(
                    ContentRefusal(
                        description: "got \(type) content type; unknown remote write protobuf message "
                            + "\(part.dropFirst(6)), supported: \(known)"))
            }
            version = named
        }
        let encoding = call.header(.contentEncoding)
        if !encoding.isEmpty, encoding.lowercased() != "snappy" {
            return .failure(
                ContentRefusal(
                    description:
                        "\(encoding) encoding (compression) is not accepted by this server; only snappy is acceptable"))
        }
        return .success(version)
    }
}

/// Why content of some type and encoding is not accepted.
private struct ContentRefusal: Error {
    let description: String
}
