import Model

/// The series of the logs, and what is collected of each until it is given out.
struct LogSeries {
    private var slots: [UInt64: Int] = [:]
    private var slotsByLabels: [Labels: Int] = [:]
    private(set) var labels: [Labels] = []
    /// The time of the newest sample in the write-ahead log.
    private var newest: [Int64] = []
    private var deleted: [Int: [ClosedRange<Int64>]] = [:]
    /// Times whose samples were read from chunks.
    private var covered: [Int: [ClosedRange<Int64>]] = [:]
    private var buffers: [Int: SampleBuffer] = [:]
    private var scattered: [Int: ScatteredSamples] = [:]
    private(set) var metadata: [String: MetricMetadata] = [:]

    /// What is collected, in samples; a native histogram takes the memory of some thirty.
    private(set) var weight = 0
    private static let histogramWeight = 30
    /// Samples of series that no record names.
    private(set) var unknownCount = 0

    /// Samples before this time are in blocks, or were deleted from them.
    let minValidTime: Int64

    init(minValidTime: Int64) { self.minValidTime = minValidTime }

    mutating func add(_ reference: UInt64, _ labels: Labels) {
        if let slot = slotsByLabels[labels] {
            slots[reference] = slot
            return
        }
        slots[reference] = self.labels.count
        slotsByLabels[labels] = self.labels.count
        self.labels.append(labels)
        newest.append(.min)
    }

    mutating func addTombstone(_ reference: UInt64, from first: Int64, to last: Int64) {
        guard let slot = slots[reference], first <= last else { return }
        deleted[slot, default: []].append(first...last)
    }

    mutating func addMetadata(
        _ reference: UInt64, _ type: MetricMetadata.MetricType, _ help: String, _ unit: String
    ) {
        guard let slot = slots[reference], let name = labels[slot].metricName else { return }
        metadata[name] = MetricMetadata(metric: name, type: type, help: help, unit: unit)
    }

    /// The buffer for a sample of the write-ahead log, or nil where the sample does not count: it is in a block, was
    /// deleted, or is not newer than that before, in which case the log of what came out of order has it.
    private mutating func buffer(_ sample: LogSample) -> SampleBuffer? {
        guard let slot = slots[sample.series] else {
            unknownCount += 1
            return nil
        }
        guard sample.time >= minValidTime, sample.time > newest[slot] || newest[slot] == .min else { return nil }
        newest[slot] = sample.time
        if isDeleted(slot, sample.time) || covered[slot]?.contains(where: { $0.contains(sample.time) }) ?? false {
            return nil
        }
        weight += 1
        if let buffer = buffers[slot] { return buffer }
        let buffer = SampleBuffer(capacity: 16)
        buffers[slot] = buffer
        return buffer
    }

    private func isDeleted(_ slot: Int, _ time: Int64) -> Bool {
        !deleted.isEmpty && deleted[slot]?.contains { $0.contains(time) } ?? false
    }

    mutating func add(_ sample: LogSample, _ value: Double) {
        guard let buffer = buffer(sample) else { return }
        buffer.setStartTime(sample.startTime)
        buffer.append(sample.time, value)
    }

    mutating func add(_ sample: LogSample, _ histogram: Histogram) {
        guard let buffer = buffer(sample) else { return }
        buffer.setStartTime(sample.startTime)
        buffer.append(sample.time, histogram)
        weight += LogSeries.histogramWeight
    }

    /// Samples of a chunk, or nil where none of them counts.
    mutating func read(_ chunk: HeadChunkReader.Chunk, _ data: UnsafeRawBufferPointer) throws(FormatError) -> SeriesRun?
    {
        // What came out of order is read from its log.
        guard let slot = slots[chunk.series], chunk.encoding < 128, chunk.times.upperBound >= minValidTime else {
            return nil
        }
        let buffer = SampleBuffer(capacity: 128)
        var sink = ChunkSink(buffer: buffer, range: minValidTime...Int64.max, deleted: deleted[slot] ?? [])
        try decodeChunk(chunk.encoding, data, &sink)
        covered[slot, default: []].append(chunk.times)
        return buffer.count > 0 ? SeriesRun(labels: labels[slot], samples: buffer) : nil
    }

    /// A sample of the log of what came out of order.
    mutating func addScattered(_ sample: LogSample, _ value: Double, _ histogram: Histogram? = nil) {
        guard let slot = slots[sample.series] else {
            unknownCount += 1
            return
        }
        if isDeleted(slot, sample.time) { return }
        weight += histogram == nil ? 1 : LogSeries.histogramWeight
        scattered[slot, default: ScatteredSamples()].add(sample, value, histogram)
    }

    /// Gives out what was collected.
    mutating func takeRuns() -> [SeriesRun] {
        var runs = buffers.map { SeriesRun(labels: labels[$0.key], samples: $0.value) }
        runs += scattered.map { SeriesRun(labels: labels[$0.key], samples: $0.value.sorted()) }
        buffers.removeAll()
        scattered.removeAll()
        weight = 0
        return runs.sorted { $0.labels < $1.labels }
    }

    /// Returns the number of samples without a series since the last call.
    mutating func takeUnknownCount() -> Int {
        defer { unknownCount = 0 }
        return unknownCount
    }
}

/// Samples of one series in any order.
private struct ScatteredSamples {
    private var times: [(time: Int64, startTime: Int64)] = []
    private var values: [Double] = []
    private var histograms: [Int: Histogram] = [:]

    mutating func add(_ sample: LogSample, _ value: Double, _ histogram: Histogram?) {
        if let histogram { histograms[times.count] = histogram }
        times.append((sample.time, sample.startTime))
        values.append(value)
    }

    /// In order of time; of several of one time the first to come.
    func sorted() -> SampleBuffer {
        let buffer = SampleBuffer(capacity: times.count)
        let order = times.indices.sorted { (times[$0].time, $0) < (times[$1].time, $1) }
        for index in order where buffer.count == 0 || buffer.timestamps[buffer.count - 1] < times[index].time {
            buffer.setStartTime(times[index].startTime)
            if let histogram = histograms[index] {
                buffer.append(times[index].time, histogram)
            } else {
                buffer.append(times[index].time, values[index])
            }
        }
        return buffer
    }
}
