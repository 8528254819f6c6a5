import Model
import RemoteProtocol
import Scraper

/// Asks one server for samples.
struct RemoteReader: Sendable {
    let configuration: RemoteReadConfiguration
    let externalLabels: Labels
    let samplesMax: Int
    let userAgent: String

    /// The most bytes of an answer as it comes, and unpacked.
    private static let replyBytesMax = 256 << 20
    private static let decodedBytesMax = 1 << 30

    /// Whether the server is asked for a selector at all.
    func takes(_ matchers: [Matcher]) -> Bool {
        configuration.requiredMatchers.allSatisfy { required in
            matchers.contains { $0.op == .equal && $0.name == required.name && $0.value == required.value }
        }
    }

    /// External labels that a selector says nothing about: the server knows our series by them.
    private func added(_ matchers: [Matcher]) -> Labels {
        guard configuration.filtersExternalLabels else { return .empty }
        return externalLabels.removing(matchers.map(\.name))
    }

    func post(_ matchers: [Matcher], _ hints: SelectHints, minTime: Int64, maxTime: Int64) -> HTTPPost {
        var query = ReadRequest.Query(
            startTime: minTime, endTime: maxTime,
            matchers: matchers + added(matchers).map { Matcher($0.name, equals: $0.value) })
        var said = ReadRequest.Hints()
        said.step = hints.step
        said.function = hints.function
        (said.startTime, said.endTime) = (minTime, maxTime)
        query.hints = said
        let request = ReadRequest(queries: [query], acceptedTypes: [.streamedChunks, .samples])
        return HTTPPost(
            url: configuration.url, timeoutMs: configuration.timeoutMs, userAgent: userAgent, http: configuration.http,
            headers: [
                ("Content-Encoding", "snappy"), ("Accept-Encoding", "snappy"),
                ("Content-Type", "application/x-protobuf"), ("X-Prometheus-Remote-Read-Version", "0.1.0"),
            ] + configuration.headers.flatMap { header in header.values.map { (header.name, $0) } },
            body: snappyCompressed(request.encoded()), replyBytesMax: RemoteReader.replyBytesMax)
    }

    /// The series of an answer, as this server would have them.
    func series(
        _ result: Result<HTTPReply, HTTPFailure>, _ matchers: [Matcher], minTime: Int64, maxTime: Int64
    ) throws(StorageError) -> [ReadSeries] {
        let reply: HTTPReply
        switch result {
        case .success(let some): reply = some
        case .failure(let failure): throw failed(failure.description)
        }
        guard reply.status / 100 == 2 else {
            throw failed("server returned HTTP status \(reply.status): \(firstLine(reply.body))")
        }
        var answer = ReadAnswer(samplesMax: samplesMax)
        do throws(ReadAnswerError) {
            try answer.decode(
                reply.body, contentType: reply.contentType, decodedBytesMax: RemoteReader.decodedBytesMax)
        } catch {
            throw failed("cannot decode the answer: \(error)")
        }
        let strange = added(matchers).map(\.name)
        return answer.series.map { one in
            // Chunks are sent whole.
            one.samples.trim(minTime: minTime, maxTime: maxTime)
            return ReadSeries(labels: strange.isEmpty ? one.labels : one.labels.removing(strange), samples: one.samples)
        }
    }

    private func failed(_ reason: String) -> StorageError {
        .io("remote_read \(configuration.identity): \(reason)")
    }
}
