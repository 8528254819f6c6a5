import HTTPTypes
import Model
import NIOCore
import RemoteProtocol

/// Takes samples that other programs push: the receiver of Prometheus's remote write 1.0 and 2.0.
///
/// What can be stored is, also where other samples of the request cannot. A request with samples that will never be
/// stored is answered 400, so that its sender does not repeat it; one that failed for want of room or a store is answered
/// 5xx, so that it does. Exemplars that cannot be stored fail a request of version 2.0 alone: there senders count them.
/// - Source: https://prometheus.io/docs/specs/prw/remote_write_spec/, its version 2.0-rc.4; texts as Prometheus 3.5 where
///   it has them.
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
    /// - Returns: what was stored, and what was not.
    /// - Throws: where nothing may have been stored.
    func receive(
        _ body: ByteBuffer, _ version: WriteRequest.Version,
        onThread: (@escaping @Sendable () throws(WriteError) -> PreparedWrite) async throws(WriteError) -> PreparedWrite
    ) async throws(WriteError) -> WriteOutcome {
        let prepared = try await onThread { () throws(WriteError) in
            let message = try decompressed(body)
            return try self.prepare(message, version)
        }
        samplesIn.add(prepared.batch.values.count + prepared.batch.histograms.count)
        samplesInvalid.add(prepared.invalidSampleCount)
        do throws(StorageError) {
            if !prepared.metadata.isEmpty { try await appendable.setMetadata(prepared.metadata) }
            return WriteOutcome(prepared, try await append(prepared))
        } catch {
            throw WriteError(error)
        }
    }

    /// Appends, and returns what was rejected.
    private func append(_ prepared: PreparedWrite) async throws(StorageError) -> PreparedWrite.Rejections {
        let batch = prepared.batch
        guard !batch.refs.isEmpty || !batch.histograms.isEmpty || !batch.exemplars.isEmpty else { return .init() }
        var rejected = PreparedWrite.Rejections(try await appendable.append(batch))
        let unknown = rejected.removeUnknown()
        if unknown.count > 0 {
            let again = try await appendForgotten(prepared, unknown)
            rejected.samples += again.samples
            rejected.histograms += again.histograms
            rejected.exemplars += again.exemplars
        }
        return rejected
    }

    /// What is of series that the store has forgotten since they were cached: resolves them again and repeats.
    private func appendForgotten(
        _ prepared: PreparedWrite, _ unknown: PreparedWrite.Rejections
    ) async throws(StorageError) -> PreparedWrite.Rejections {
        let indices = (
            unknown.samples.map(\.index), unknown.histograms.map(\.index), unknown.exemplars.map(\.index)
        )
        let series =
            indices.0.map { prepared.seriesIndex(of: $0, \.sample) }
            + indices.1.map { prepared.seriesIndex(of: $0, \.histogram) }
            + indices.2.map { prepared.seriesIndex(of: $0, \.exemplar) }
        let distinct = Set(series).sorted()
        for index in distinct { prepared.series[index].key.map(cache.remove) }
        let refs = try appendable.resolve(distinct.map { prepared.labels(ofSeries: $0) })
        let refOf = Dictionary(uniqueKeysWithValues: zip(distinct, refs))
        var rest = series[...].compactMap { refOf[$0] }[...]
        let old = prepared.batch
        var batch = SampleBatch(
            refs: Array(rest.prefix(indices.0.count)), timestamps: indices.0.map { old.timestamp($0) },
            values: indices.0.map { old.values[$0] })
        if !old.startTimes.isEmpty { batch.startTimes = indices.0.map { old.startTimes[$0] } }
        rest = rest.dropFirst(indices.0.count)
        batch.histograms = zip(indices.1, rest).map { index, ref in
            var sample = old.histograms[index]
            sample.ref = ref
            return sample
        }
        batch.exemplars = zip(indices.2, rest.dropFirst(indices.1.count)).map { index, ref in
            ExemplarSample(ref: ref, exemplar: old.exemplars[index].exemplar)
        }
        var rejected = PreparedWrite.Rejections(try await appendable.append(batch))
        rejected.samples = rejected.samples.map { .init(index: indices.0[$0.index], reason: $0.reason) }
        rejected.histograms = rejected.histograms.map { .init(index: indices.1[$0.index], reason: $0.reason) }
        rejected.exemplars = rejected.exemplars.map { .init(index: indices.2[$0.index], reason: $0.reason) }
        return rejected
    }
}

/// What became of a write request.
struct WriteOutcome {
    var samples = 0
    var histograms = 0
    var exemplars = 0
    /// What was not stored, a line each.
    var problems: [String] = []

    init() {}

    init(_ prepared: PreparedWrite, _ rejected: PreparedWrite.Rejections) {
        samples = prepared.batch.values.count - rejected.samples.count
        histograms = prepared.batch.histograms.count - rejected.histograms.count
        exemplars = prepared.batch.exemplars.count - rejected.exemplars.count
        var told = rejected
        if prepared.version == .v1 { told.exemplars = [] }
        let named = told.prefix(Limit.writeRejectionsNamed)
        problems = prepared.problems + prepared.describe(named)
        if told.count > named.count { problems.append("and \(told.count - named.count) more samples") }
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

/// Why nothing of a write request was stored.
struct WriteError: Error {
    let status: HTTPResponse.Status
    let message: String

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ error: StorageError) {
        switch error {
        case .diskFull, .closed: self.init(.serviceUnavailable, error.description)
        default: self.init(.internalServerError, error.description)
        }
    }
}
