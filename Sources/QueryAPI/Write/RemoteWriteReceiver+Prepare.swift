import HTTPTypes
import Model
import Protobuf
import RemoteProtocol

extension RemoteWriteReceiver {
    /// Decodes a request and finds its series, in the cache where they are known, otherwise in the store. May block.
    func prepare(_ message: [UInt8], _ version: WriteRequest.Version = .v1) throws(WriteError) -> PreparedWrite {
        let outcome: Result<PreparedWrite, WriteError> = message.withUnsafeBytes { bytes in
            do throws(WriteError) {
                let request = try decode(bytes, version)
                let keys = keys(request)
                var refs = cache.find(keys)
                var problems = ProblemList()
                try resolveUnknown(request, keys, &refs, &problems)
                return .success(assemble(request, keys, refs, message, &problems))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer, _ version: WriteRequest.Version
    ) throws(WriteError) -> WriteRequest {
        do throws(ProtobufError) {
            return try WriteRequest(bytes, version)
        } catch {
            throw WriteError(.badRequest, error.description)
        }
    }

    private func keys(_ request: WriteRequest) -> [SeriesCache.Key?] {
        guard let symbols = request.labels.symbols else { return request.series.map { $0.labels.map(cache.key) } }
        let message = request.labels.message
        let symbolKeys = symbols.map { cache.key(UnsafeRawBufferPointer(rebasing: message[$0])) }
        return request.series.map { one in one.labels.flatMap { cache.key($0, symbolKeys) } }
    }

    /// Fills in the series that the cache does not know. Those whose labels are invalid stay nil and are described.
    private func resolveUnknown(
        _ request: WriteRequest, _ keys: [SeriesCache.Key?], _ refs: inout [SeriesRef?], _ problems: inout ProblemList
    ) throws(WriteError) {
        var indices: [Int] = []
        var labels: [Labels] = []
        var byteCount = 0
        for index in refs.indices where refs[index] == nil {
            do throws(InvalidLabels) {
                let found = try request.labels.labels(request.series[index].source)
                byteCount += found.encoded.count
                labels.append(found)
                indices.append(index)
            } catch {
                problems.add("series with invalid labels") { "invalid labels: \(error)" }
            }
            guard byteCount <= Limit.writeReferencedBytes else {
                throw WriteError(.badRequest, "labels of more than \(Limit.writeReferencedBytes) bytes in one request")
            }
        }
        guard !indices.isEmpty else { return }
        let found: [SeriesRef]
        do throws(StorageError) {
            found = try appendable.resolve(labels)
        } catch {
            throw WriteError(error)
        }
        for (index, ref) in zip(indices, found) {
            refs[index] = ref
            if let key = keys[index] { cache.insert(key, ref) }
        }
    }

    /// Puts what resolved series have into a batch.
    private func assemble(
        _ request: WriteRequest, _ keys: [SeriesCache.Key?], _ refs: [SeriesRef?], _ message: [UInt8],
        _ problems: inout ProblemList
    ) -> PreparedWrite {
        let isWhole = !refs.contains { $0 == nil }
        var columns = BatchColumns(request, isWhole: isWhole)
        var series: [PreparedWrite.Series] = []
        series.reserveCapacity(request.series.count)
        var invalidCount = 0
        for (index, written) in request.series.enumerated() {
            let end = index + 1 < request.series.count ? request.series[index + 1].start : request.end
            guard let ref = refs[index] else {
                invalidCount += end.sample - written.start.sample + end.histogram - written.start.histogram
                continue
            }
            series.append(PreparedWrite.Series(source: written.source, start: columns.position, key: keys[index]))
            columns.append(request, written.start, end, ref, &problems)
        }
        if request.version == .v2, request.invalidExemplarCount > 0 {
            problems.add("exemplars") { "invalid labels of exemplars: \(request.invalidExemplarCount)" }
        }
        return PreparedWrite(
            version: request.version, batch: columns.batch, metadata: request.metadata, problems: problems.lines,
            invalidSampleCount: invalidCount, message: message, symbols: request.labels.symbols, series: series)
    }
}

/// The columns of a batch while they are put together.
private struct BatchColumns {
    private let isWhole: Bool
    private var refs: [SeriesRef] = []
    private var timestamps: [Int64] = []
    private var values: [Double] = []
    private var startTimes: [Int64] = []
    private var histograms: [HistogramSample] = []
    private var exemplars: [ExemplarSample] = []

    /// - Parameter isWhole: whether all series of the request are resolved, so that its columns serve as they are.
    init(_ request: WriteRequest, isWhole: Bool) {
        self.isWhole = isWhole
        refs.reserveCapacity(request.values.count)
        if isWhole { (timestamps, values, startTimes) = (request.timestamps, request.values, request.startTimes) }
    }

    var position: WriteRequest.Position {
        WriteRequest.Position(sample: refs.count, histogram: histograms.count, exemplar: exemplars.count)
    }

    var batch: SampleBatch {
        var batch = SampleBatch(refs: refs, timestamps: timestamps, values: values)
        if !startTimes.isEmpty {
            batch.startTimes = startTimes + [Int64](repeating: 0, count: values.count - startTimes.count)
        }
        batch.histograms = histograms
        batch.exemplars = exemplars
        return batch
    }

    mutating func append(
        _ request: WriteRequest, _ start: WriteRequest.Position, _ end: WriteRequest.Position, _ ref: SeriesRef,
        _ problems: inout ProblemList
    ) {
        let samples = start.sample..<end.sample
        refs.append(contentsOf: repeatElement(ref, count: samples.count))
        if !isWhole {
            timestamps += request.timestamps[samples]
            values += request.values[samples]
            if !request.startTimes.isEmpty {
                startTimes += samples.map { $0 < request.startTimes.count ? request.startTimes[$0] : 0 }
            }
        }
        for written in request.histograms[start.histogram..<end.histogram] {
            do throws(HistogramError) {
                histograms.append(
                    HistogramSample(
                        ref: ref, timestamp: written.timestamp, histogram: try written.histogram(),
                        startTime: written.startTime))
            } catch {
                problems.add("invalid histograms") { "invalid histogram at timestamp \(written.timestamp): \(error)" }
            }
        }
        for exemplar in request.exemplars[start.exemplar..<end.exemplar] {
            exemplars.append(ExemplarSample(ref: ref, exemplar: exemplar))
        }
    }
}

/// What cannot be stored: the first of each kind in words, the others as a number.
struct ProblemList: Sendable {
    private var named: [String] = []
    private var counts: [(kind: String, count: Int)] = []

    /// - Parameter kind: what there is more of, in the plural.
    mutating func add(_ kind: String, _ text: () -> String) {
        let index = counts.firstIndex { $0.kind == kind } ?? counts.endIndex
        if index == counts.endIndex { counts.append((kind, 0)) }
        counts[index].count += 1
        if counts[index].count <= Limit.writeRejectionsNamed { named.append(text()) }
    }

    var lines: [String] {
        named
            + counts.filter { $0.count > Limit.writeRejectionsNamed }.map {
                "and \($0.count - Limit.writeRejectionsNamed) more \($0.kind)"
            }
    }
}
