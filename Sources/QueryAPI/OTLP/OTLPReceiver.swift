import HTTPTypes
import Model
import NIOCore
import NIOPosix
import Protobuf
import RemoteProtocol

/// Takes metrics that OpenTelemetry's exporters push.
///
/// What can be stored is. A request with samples that the store refuses is answered 400, so that its sender does not repeat
/// it; metrics that have no series here, such as those of delta temporality, are named in the answer, which is a success.
final class OTLPReceiver: Sendable {
    static let path = "/api/v1/otlp/v1/metrics"

    private let appendable: any Appendable
    private let settings: @Sendable () -> OTLPSettings
    private let lookbackMs: Int64

    init(_ appendable: any Appendable, _ settings: @escaping @Sendable () -> OTLPSettings, lookbackMs: Int64) {
        self.appendable = appendable
        self.settings = settings
        self.lookbackMs = lookbackMs
    }

    /// A request whose series have references.
    struct Prepared: Sendable {
        var request: OTLPRequest
        var batch: SampleBatch
    }

    /// Decodes a request and finds its series. May block.
    func prepare(_ body: ByteBuffer, isCompressed: Bool, isJSON: Bool) throws(WriteError) -> Prepared {
        let request: OTLPRequest
        do {
            request = try body.withUnsafeReadableBytes { bytes in
                guard isCompressed else { return try decode(bytes, isJSON) }
                let content = try gunzipped(bytes, bytesMax: Limit.writeDecodedBytes)
                return try content.withUnsafeBytes { try decode($0, isJSON) }
            }
        } catch {
            throw WriteError(.badRequest, "\(error)")
        }
        return Prepared(request: request, batch: try resolve(request))
    }

    private func decode(_ bytes: UnsafeRawBufferPointer, _ isJSON: Bool) throws -> OTLPRequest {
        if isJSON {
            let message = try otlpMessage(json: bytes, bytesMax: Limit.writeDecodedBytes)
            return try message.withUnsafeBytes { try decode($0, false) }
        }
        var reader = OTLPReader(settings(), lookbackMs: lookbackMs)
        try reader.read(bytes)
        return reader.request
    }

    private func resolve(_ request: OTLPRequest) throws(WriteError) -> SampleBatch {
        let refs: [SeriesRef]
        do throws(StorageError) {
            refs = request.series.isEmpty ? [] : try appendable.resolve(request.series)
        } catch {
            throw WriteError(error)
        }
        var batch = SampleBatch(
            refs: request.samples.map { refs[$0.series] }, timestamps: request.samples.map(\.timestamp),
            values: request.samples.map(\.value))
        if request.samples.contains(where: { $0.startTime != 0 }) {
            batch.startTimes = request.samples.map(\.startTime)
        }
        batch.histograms = request.histograms.map {
            HistogramSample(
                ref: refs[$0.series], timestamp: $0.timestamp, histogram: $0.histogram, startTime: $0.startTime)
        }
        batch.exemplars = request.exemplars.map { ExemplarSample(ref: refs[$0.series], exemplar: $0.exemplar) }
        return batch
    }

    /// Stores what was prepared.
    /// - Returns: what the store refused, a line each.
    func store(_ prepared: Prepared) async throws(WriteError) -> [String] {
        do throws(StorageError) {
            if !prepared.request.metadata.isEmpty { try await appendable.setMetadata(prepared.request.metadata) }
            guard !prepared.batch.refs.isEmpty || !prepared.batch.histograms.isEmpty else { return [] }
            let result = try await appendable.append(prepared.batch)
            return describe(result, prepared.request)
        } catch {
            throw WriteError(error)
        }
    }

    private func describe(_ result: AppendResult, _ request: OTLPRequest) -> [String] {
        var problems = ProblemList()
        for rejection in result.rejected {
            let sample = request.samples[rejection.index]
            problems.add("samples") { text(rejection, request.series[sample.series], sample.timestamp) }
        }
        for rejection in result.rejectedHistograms {
            let sample = request.histograms[rejection.index]
            problems.add("samples") { text(rejection, request.series[sample.series], sample.timestamp) }
        }
        return problems.lines
    }

    private func text(_ rejection: AppendResult.Rejection, _ labels: Labels, _ timestamp: Int64) -> String {
        "\(rejection.reason.description("sample")): series \(labels), timestamp \(timestamp)"
    }
}

extension API {
    /// `/api/v1/otlp/v1/metrics`: metrics pushed by OpenTelemetry's exporters. The answer is in the request's encoding; of
    /// one in protobuf errors are plain text, as Prometheus has them.
    func otlpMetrics(_ call: Call) async throws(APIError) -> Answer {
        guard let receiver = otlpReceiver else {
            return .errorText("otlp write receiver needs to be enabled with --web.enable-otlp-receiver", .notFound)
        }
        let type = call.header(.contentType).prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard let encoding = OTLPEncoding(rawValue: type) else {
            return .errorText(
                "unsupported content type: \(call.header(.contentType)), supported: [application/json, "
                    + "application/x-protobuf]", .badRequest)
        }
        let compression = call.header(.contentEncoding).lowercased()
        guard compression.isEmpty || compression == "gzip" || compression == "identity" else {
            return encoding.failure(
                "unsupported compression: \(compression). Only \"gzip\" or no compression supported", .badRequest)
        }
        let body = try await call.body(upTo: Limit.writeBytes)
        do throws(WriteError) {
            let prepared = try await onOTLPThread { () throws(WriteError) in
                try receiver.prepare(body, isCompressed: compression == "gzip", isJSON: encoding == .json)
            }
            let refused = try await receiver.store(prepared)
            guard refused.isEmpty else { return encoding.failure(refused.joined(separator: "\n"), .badRequest) }
            return encoding.success(leftOut: prepared.request.problems)
        } catch {
            return encoding.failure(error.message, error.status)
        }
    }

    private func onOTLPThread(
        _ work: @escaping @Sendable () throws(WriteError) -> OTLPReceiver.Prepared
    ) async throws(WriteError) -> OTLPReceiver.Prepared {
        let result: Result<OTLPReceiver.Prepared, WriteError>
        do {
            result = try await storageThreads.runIfActive {
                do throws(WriteError) { return .success(try work()) } catch { return .failure(error) }
            }
        } catch {
            throw WriteError(.serviceUnavailable, "the server is shutting down")
        }
        return try result.get()
    }
}

/// What an OTLP request is written in, and its answer.
private enum OTLPEncoding: String {
    case protobuf = "application/x-protobuf"
    case json = "application/json"

    /// ExportMetricsServiceResponse: partial_success 1, whose error_message is 2.
    func success(leftOut: ProblemList) -> Answer {
        let text = leftOut.lines.joined(separator: "\n")
        switch self {
        case .protobuf:
            var message = ProtobufWriter()
            if !text.isEmpty { message.message(1) { $0.string(2, text) } }
            return Answer(contentType: rawValue, body: .bytes(message.bytes))
        case .json:
            var json = Array((text.isEmpty ? "{" : #"{"partialSuccess":{"errorMessage":"#).utf8)
            if !text.isEmpty { json.appendJSONString(text) }
            json += Array((text.isEmpty ? "}" : "}}").utf8)
            return .json(json)
        }
    }

    /// In JSON a `google.rpc.Status`, whose code OTLP does not use.
    func failure(_ text: String, _ status: HTTPResponse.Status) -> Answer {
        guard self == .json else { return .errorText(text, status) }
        var json = Array(#"{"message":"#.utf8)
        json.appendJSONString(text)
        json.append(UInt8(ascii: "}"))
        return Answer(status: status, contentType: rawValue, body: .bytes(json))
    }
}
