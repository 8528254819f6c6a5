import Model

/// A run of decoded samples of one series some of which are native histograms. Valid as long as the buffer that it was
/// made from is left alone.
struct MixedSamples {
    let timestamps: UnsafePointer<Int64>
    let values: UnsafePointer<Double>
    let count: Int
    let histograms: [SampleBuffer.IndexedHistogram]
    /// Since when each sample counts, in milliseconds; empty where that is known of none.
    let starts: [Int64]
    /// How many histograms there are before each index, and altogether.
    let histogramsBefore: [Int]
    /// As how many samples the histograms before each index, and altogether, count.
    private let heldBefore: [Int]

    init(_ buffer: SampleBuffer) {
        timestamps = UnsafePointer(buffer.timestamps)
        values = UnsafePointer(buffer.values)
        count = buffer.count
        histograms = buffer.histograms
        starts = buffer.startTimes.isEmpty ? [] : buffer.expandedStartTimes()
        var before = [Int](repeating: 0, count: buffer.count + 1)
        for one in buffer.histograms where one.index < buffer.count { before[one.index + 1] = 1 }
        for index in 0..<buffer.count { before[index + 1] += before[index] }
        histogramsBefore = before
        heldBefore = buffer.histograms.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.histogram.heldSamples) }
    }

    /// The histogram at `index`; nil where there is a number.
    func histogram(_ index: Int) -> Histogram? {
        let place = histogramsBefore[index]
        return histogramsBefore[index + 1] > place ? histograms[place].histogram : nil
    }

    /// How many of the samples `low..<high` are histograms.
    func histogramCount(_ low: Int, _ high: Int) -> Int { histogramsBefore[high] - histogramsBefore[low] }

    /// As how many samples the samples `low..<high` count.
    func held(_ low: Int, _ high: Int) -> Int {
        high - low - histogramCount(low, high) + heldBefore[histogramsBefore[high]] - heldBefore[histogramsBefore[low]]
    }

    /// Since when the sample at `index` counts; 0 where it is not known.
    func start(_ index: Int) -> Int64 { starts.isEmpty ? 0 : starts[index] }

    func hasNewStart(_ index: Int) -> Bool {
        !starts.isEmpty
            && isNewStart(
                starts[index], at: timestamps[index], previous: starts[index - 1], at: timestamps[index - 1])
    }

    /// Whether the histogram at `index` is reset against the one right before it.
    /// - Parameter looksAtStarts: whether start times tell too.
    func isReset(_ index: Int, looksAtStarts: Bool = true) -> Bool {
        guard let before = histogram(index - 1), let now = histogram(index) else { return false }
        return looksAtStarts && hasNewStart(index) || now.isReset(after: before)
    }

    /// Copies the numbers among the samples into the empty `buffer`; gives since when each of them counts.
    func copyNumbers(into buffer: SampleBuffer) -> [Int64] {
        var numberStarts: [Int64] = []
        for index in 0..<count where histogramCount(index, index + 1) == 0 {
            buffer.append(timestamps[index], values[index])
            if !starts.isEmpty { numberStarts.append(starts[index]) }
        }
        return numberStarts
    }
}
