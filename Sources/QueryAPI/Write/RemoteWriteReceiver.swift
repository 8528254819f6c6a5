import HTTPTypes
import Model
import NIOCore

/// Takes samples that other programs push: the receiver of Prometheus's remote write 1.0.
///
/// What can be stored is, also where other samples of the request cannot. A request with samples that will never be
/// stored is answered 400, so that its sender does not repeat it; one that failed for want of room or a store is answered
/// 5xx, so that it does.
/// - Source: https://prometheus.io/docs/specs/prw/remote_write_spec/; texts as Prometheus 3.5 where it has them.
final class RemoteWriteReceiver: Sendable {
    static let path = "/api/v1/write"

    let appendable: any Appendable
    let cache = SeriesCache()
    private let samplesIn: Counter
    private let samplesInvalid: Counter

    init(_ appendable: any Appendable, registry: MetricRegistry) {
        self.appendable = appendable
        samplesIn = registry.counter(
            "prometheus_remote_storage_samples_in_total",
            "Samples in to remote storage, compare to samples out for queue managers.")
        samplesInvalid = registry.counter(
            "prometheus_api_remote_write_invalid_labels_samples_total",
            "Remote write samples received and refused for their labels.")
    }

    /// Stores the samples of a request.
    /// - Parameters:
    ///   - body: as it was sent, compressed.
    ///   - onThread: runs work that may block.
    func receive(
        _ body: ByteBuffer,
        onThread: (@escaping @Sendable () throws(WriteError) -> PreparedWrite) async throws(WriteError) -> PreparedWrite
    ) async throws(WriteError) {
        let prepared = try await onThread { () throws(WriteError) in
            let message = try decompressed(body)
            return try self.prepare(message)
        }
        samplesIn.add(prepared.sampleCount)
        samplesInvalid.add(prepared.invalidSampleCount)
        var problems = prepared.problems
        do throws(StorageError) {
            if !prepared.metadata.isEmpty { try await appendable.setMetadata(prepared.metadata) }
            problems += try await append(prepared)
        } catch {
            throw WriteError(error)
        }
        if !problems.isEmpty { throw WriteError(problems) }
    }

    /// Appends, and describes what was rejected.
    private func append(_ prepared: PreparedWrite) async throws(StorageError) -> [String] {
        guard !prepared.batch.refs.isEmpty else { return [] }
        var rejected = try await appendable.append(prepared.batch).rejected
        let forgotten = rejected.filter { $0.reason == .unknownSeries }.map(\.index)
        if !forgotten.isEmpty {
            rejected.removeAll { $0.reason == .unknownSeries }
            rejected += try await appendForgotten(prepared, forgotten)
        }
        var lines = rejected.prefix(Limit.writeRejectionsNamed).map { prepared.describe($0) }
        if rejected.count > lines.count { lines.append("and \(rejected.count - lines.count) more samples") }
        return lines
    }

    /// Samples whose series the store has forgotten since they were cached: resolves them again and repeats.
    private func appendForgotten(
        _ prepared: PreparedWrite, _ indices: [Int]
    ) async throws(StorageError) -> [AppendResult.Rejection] {
        for index in indices {
            if let key = prepared.key(ofSample: index) { cache.remove(key) }
        }
        let refs = try appendable.resolve(indices.map { prepared.labels(ofSample: $0) })
        let batch = SampleBatch(
            refs: refs, timestamps: indices.map { prepared.batch.timestamp($0) },
            values: indices.map { prepared.batch.values[$0] })
        return try await appendable.append(batch).rejected.map {
            AppendResult.Rejection(index: indices[$0.index], reason: $0.reason)
        }
    }
}

private func decompressed(_ body: ByteBuffer) throws(WriteError) -> [UInt8] {
    do {
        return try body.withUnsafeReadableBytes {
            try snappyDecompressed($0, bytesMax: Limit.writeDecodedBytes)
        }
    } catch {
        throw WriteError(.badRequest, "\(error)")
    }
}

/// Why a write request was not stored as a whole.
struct WriteError: Error {
    let status: HTTPResponse.Status
    let message: String

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ problems: [String]) {
        self.init(.badRequest, problems.joined(separator: "\n"))
    }

    init(_ error: StorageError) {
        switch error {
        case .diskFull, .closed: self.init(.serviceUnavailable, error.description)
        default: self.init(.internalServerError, error.description)
        }
    }
}
