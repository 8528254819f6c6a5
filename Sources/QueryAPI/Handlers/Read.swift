import HTTPTypes
import Model
import NIOCore
import NIOPosix
import RemoteProtocol

extension API {
    /// `/api/v1/read`: samples for another Prometheus, by its protocol of remote read.
    func read(_ call: Call) async throws(APIError) -> Answer {
        let body = try await call.body(upTo: Limit.readBytes)
        let request: ReadRequest
        switch decodeReadRequest(body) {
        case .success(let decoded): request = decoded
        case .failure(let refusal): return .errorText(refusal.description, .badRequest)
        }
        guard let type = request.answerType else {
            let names = ReadRequest.ResponseType.allCases.map(\.name).joined(separator: ", ")
            let wanted = request.acceptedTypes.map { "\($0)" }.joined(separator: ", ")
            return .errorText(
                "server does not support any of the requested response types: \(wanted); supported: \(names)",
                .badRequest)
        }
        let pass = await readGate.enter()
        switch type {
        case .samples: return try await readSamples(request, pass)
        case .streamedChunks: return try await readChunks(request, pass)
        }
    }

    private func readSamples(_ request: ReadRequest, _ pass: Gate.Pass) async throws(APIError) -> Answer {
        let (queryable, external) = (dependencies.stored ?? dependencies.queryable, dependencies.externalLabels())
        let samplesMax = options.readSamplesMax
        let result = try await onStorageThread { () throws(StorageError) -> Result<[UInt8], ReadRefusal> in
            do throws(ReadError) {
                return .success(try samplesAnswer(request.queries, queryable, external, samplesMax: samplesMax))
            } catch {
                switch error {
                case .tooMany(let text): return .failure(ReadRefusal(description: text))
                case .storage(let error): throw error
                }
            }
        }
        withExtendedLifetime(pass) {}
        switch result {
        case .failure(let refusal): return .errorText(refusal.description, .badRequest)
        case .success(let bytes):
            var answer = Answer(contentType: "application/x-protobuf", body: .bytes(bytes))
            answer.headers.append((.contentEncoding, "snappy"))
            answer.isEncoded = true
            return answer
        }
    }

    private func readChunks(_ request: ReadRequest, _ pass: Gate.Pass) async throws(APIError) -> Answer {
        let stream = ChunkStream(
            request.queries, dependencies.stored ?? dependencies.queryable, dependencies.externalLabels(),
            frameBytesMax: options.readFrameBytesMax)
        try await onStorageThread { () throws(StorageError) in try stream.begin() }
        let threads = storageThreads
        var answer = Answer(
            contentType: "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
            body: .stream {
                defer { withExtendedLifetime(pass) {} }
                return try await threads.runIfActive { try stream.next() }
            })
        answer.isEncoded = true
        return answer
    }
}

extension ReadRequest {
    /// The first of the wanted types that there is; nil where there is none.
    fileprivate var answerType: ResponseType? {
        acceptedTypes.isEmpty ? .samples : acceptedTypes.lazy.compactMap(ResponseType.init).first
    }
}

/// Why a remote read is refused.
private struct ReadRefusal: Error {
    let description: String
}

private func decodeReadRequest(_ body: ByteBuffer) -> Result<ReadRequest, ReadRefusal> {
    do {
        let content = try body.withUnsafeReadableBytes { try snappyDecompressed($0, bytesMax: Limit.readDecodedBytes) }
        return .success(try content.withUnsafeBytes { try ReadRequest($0) })
    } catch {
        return .failure(ReadRefusal(description: "\(error)"))
    }
}
