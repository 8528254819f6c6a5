import Model

/// Some samples of a series in one of Prometheus's encodings.
package struct SeriesChunk: Sendable, Equatable {
    package enum Encoding: UInt8, Sendable { case xor = 1, histogram, floatHistogram }

    package var encoding: Encoding
    package var minTime: Int64
    package var maxTime: Int64
    package var data: [UInt8]

    /// Samples of a chunk, at most; as many as Prometheus puts into one.
    package static let samplesMax = 120
}

/// Writes the samples of a series as chunks, one after the other.
package struct ChunkWriter {
    private let buffer: SampleBuffer
    private let histograms: [SampleBuffer.IndexedHistogram]
    private var next = 0
    private var nextHistogram = 0

    /// - Parameter buffer: stays as it is while this is used.
    package init(_ buffer: SampleBuffer) {
        self.buffer = buffer
        histograms = buffer.histograms
    }

    /// The next chunk; nil at the end.
    package mutating func chunk() -> SeriesChunk? {
        guard next < buffer.count else { return nil }
        if nextHistogram < histograms.count, histograms[nextHistogram].index == next { return histogramChunk() }
        let ends = nextHistogram < histograms.count ? histograms[nextHistogram].index : buffer.count
        let range = next..<min(ends, next + SeriesChunk.samplesMax)
        next = range.upperBound
        return chunk(.xor, range, encodeXOR(buffer, range))
    }

    private mutating func histogramChunk() -> SeriesChunk {
        let first = nextHistogram
        var end = first + 1
        let isWhole = WholeCounts(histograms[first].histogram) != nil
        while end < histograms.count, end - first < SeriesChunk.samplesMax,
            histograms[end].index == histograms[end - 1].index + 1,
            histograms[end].histogram.goesOn(after: histograms[end - 1].histogram, isWhole: isWhole)
        {
            end += 1
        }
        let range = next..<next + (end - first)
        let samples = (first..<end).map { (buffer.timestamps[histograms[$0].index], histograms[$0].histogram) }
        (next, nextHistogram) = (range.upperBound, end)
        if isWhole { return chunk(.histogram, range, encodeHistograms(samples)) }
        return chunk(.floatHistogram, range, encodeFloatHistograms(samples))
    }

    private func chunk(_ encoding: SeriesChunk.Encoding, _ range: Range<Int>, _ data: [UInt8]) -> SeriesChunk {
        SeriesChunk(
            encoding: encoding, minTime: buffer.timestamps[range.lowerBound],
            maxTime: buffer.timestamps[range.upperBound - 1], data: data)
    }
}

extension Histogram {
    /// Whether it may stand in one chunk with the one before it: of a chunk all have one layout, and no counter resets
    /// within it.
    fileprivate func goesOn(after before: Histogram, isWhole: Bool) -> Bool {
        guard (WholeCounts(self) != nil) == isWhole, !isStale, !before.isStale, schema == before.schema,
            zeroThreshold.bitPattern == before.zeroThreshold.bitPattern,
            positiveSpans == before.positiveSpans, negativeSpans == before.negativeSpans,
            customValues == before.customValues, positiveBuckets.count == before.positiveBuckets.count,
            negativeBuckets.count == before.negativeBuckets.count,
            (counterReset == .gauge) == (before.counterReset == .gauge)
        else { return false }
        if counterReset == .gauge { return true }
        return counterReset != .reset && count >= before.count && zeroCount >= before.zeroCount
            && zip(before.positiveBuckets, positiveBuckets).allSatisfy { $0 <= $1 }
            && zip(before.negativeBuckets, negativeBuckets).allSatisfy { $0 <= $1 }
    }
}
