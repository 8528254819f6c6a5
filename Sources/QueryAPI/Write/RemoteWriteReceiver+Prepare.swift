import HTTPTypes
import Model

extension RemoteWriteReceiver {
    /// Decodes a request and finds its series, in the cache where they are known, otherwise in the store. May block.
    func prepare(_ message: [UInt8]) throws(WriteError) -> PreparedWrite {
        let outcome: Result<PreparedWrite, WriteError> = message.withUnsafeBytes { bytes in
            do throws(WriteError) { return .success(try prepare(bytes, message)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private func prepare(_ bytes: UnsafeRawBufferPointer, _ message: [UInt8]) throws(WriteError) -> PreparedWrite {
        let request: WriteRequest
        do throws(ProtobufError) {
            request = try WriteRequest(bytes)
        } catch {
            throw WriteError(.badRequest, error.description)
        }
        let keys = request.series.map { $0.scattered == nil ? cache.key($0.labels) : nil }
        var refs = cache.find(keys)
        var problems: [String] = []
        do throws(StorageError) {
            try resolveUnknown(request, keys, &refs, &problems)
        } catch {
            throw WriteError(error)
        }
        if request.histogramCount > 0 {
            problems.append("native histograms are not supported: \(request.histogramCount) were not stored")
        }
        var prepared = assemble(request, keys, refs, bytes, message)
        prepared.problems = problems
        return prepared
    }

    /// Fills in the series that the cache does not know. Those whose labels are invalid stay nil and are described.
    private func resolveUnknown(
        _ request: WriteRequest, _ keys: [SeriesCache.Key?], _ refs: inout [SeriesRef?], _ problems: inout [String]
    ) throws(StorageError) {
        var indices: [Int] = []
        var labels: [Labels] = []
        var invalidCount = 0
        for index in refs.indices where refs[index] == nil {
            do throws(InvalidLabels) {
                labels.append(try writtenLabels(request.series[index].source))
                indices.append(index)
            } catch {
                invalidCount += 1
                if invalidCount <= Limit.writeRejectionsNamed { problems.append("invalid labels: \(error)") }
            }
        }
        if invalidCount > Limit.writeRejectionsNamed {
            problems.append("and \(invalidCount - Limit.writeRejectionsNamed) more series with invalid labels")
        }
        guard !indices.isEmpty else { return }
        for (index, ref) in zip(indices, try appendable.resolve(labels)) {
            refs[index] = ref
            if let key = keys[index] { cache.insert(key, ref) }
        }
    }

    /// Puts the samples of resolved series into a batch.
    private func assemble(
        _ request: WriteRequest, _ keys: [SeriesCache.Key?], _ refs: [SeriesRef?], _ bytes: UnsafeRawBufferPointer,
        _ message: [UInt8]
    ) -> PreparedWrite {
        let isWhole = !refs.contains { $0 == nil }
        var timestamps = isWhole ? request.timestamps : []
        var values = isWhole ? request.values : []
        var sampleRefs: [SeriesRef] = []
        sampleRefs.reserveCapacity(request.values.count)
        var series: [PreparedWrite.Series] = []
        series.reserveCapacity(request.series.count)
        for (index, written) in request.series.enumerated() {
            guard let ref = refs[index] else { continue }
            let samples = written.sampleStart..<written.sampleEnd
            let start = written.source.baseAddress.map { $0 - bytes.baseAddress! } ?? 0
            series.append(
                PreparedWrite.Series(
                    source: start..<start + written.source.count, sampleStart: sampleRefs.count, key: keys[index]))
            sampleRefs.append(contentsOf: repeatElement(ref, count: samples.count))
            if !isWhole {
                timestamps += request.timestamps[samples]
                values += request.values[samples]
            }
        }
        return PreparedWrite(
            batch: SampleBatch(refs: sampleRefs, timestamps: timestamps, values: values),
            metadata: request.metadata, problems: [], sampleCount: sampleRefs.count,
            invalidSampleCount: request.values.count - sampleRefs.count, message: message, series: series)
    }
}
