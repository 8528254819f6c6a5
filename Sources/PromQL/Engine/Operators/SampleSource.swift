import Model

/// Series of samples for range functions: stored ones, or those that a subquery gives.
protocol SampleSource: AnyObject, Sendable {
    var count: Int { get }
    func labels(_ index: Int) -> Labels
    func dropsName(_ index: Int) -> Bool

    /// Fills the empty `buffer` with the samples of series `index`, without staleness markers.
    func read(_ index: Int, into buffer: SampleBuffer, _ worker: Worker) throws(QueryError)

    /// About how many samples one series has.
    var cost: Int { get }
}

/// What a matrix selector selects.
final class StoredSamples: SampleSource {
    private let selected: any SeriesSet
    /// When the first window begins, where of histograms only the totals are wanted.
    private let totalsFrom: Int64?
    let cost: Int

    /// - Parameter spanMs: how long a time is read.
    init(_ set: any SeriesSet, spanMs: Int64, totalsFrom: Int64?) {
        selected = set
        self.totalsFrom = totalsFrom
        cost = estimatedSamples(spanMs)
    }

    var count: Int { selected.count }
    func labels(_ index: Int) -> Labels { selected.labels(index) }
    func dropsName(_ index: Int) -> Bool { false }

    func read(_ index: Int, into buffer: SampleBuffer, _ worker: Worker) throws(QueryError) {
        try worker.read(selected, index, into: buffer)
        _ = Samples(buffer, droppingStale: ())
        if let totalsFrom, !buffer.histograms.isEmpty { buffer.reduceToTotals(from: totalsFrom) }
    }
}

/// What a subquery's inner expression gives at the subquery's own steps.
final class SubquerySamples: SampleSource {
    private let vector: any VectorOperator
    private let grid: StepGrid

    init(_ vector: any VectorOperator, _ grid: StepGrid) {
        self.vector = vector
        self.grid = grid
    }

    var count: Int { vector.count }
    var cost: Int { vector.cost + grid.count }
    func labels(_ index: Int) -> Labels { vector.labels(index) }
    func dropsName(_ index: Int) -> Bool { vector.dropsName(index) }

    func read(_ index: Int, into buffer: SampleBuffer, _ worker: Worker) throws(QueryError) {
        try worker.account(2 * grid.count)
        let column = try worker.takeColumn(grid.count)
        defer { worker.giveBack(column) }
        let histograms = try vector.fill(index, column, worker)
        if !histograms.isEmpty { return merge(column, histograms, into: buffer) }
        buffer.reserve(grid.count)
        var count = 0
        for k in 0..<grid.count where isPresent(column[k]) {
            buffer.timestamps[count] = grid.time(k)
            buffer.values[count] = column[k]
            count &+= 1
        }
        buffer.count = count
    }

    private func merge(_ column: Column, _ histograms: HistogramColumn, into buffer: SampleBuffer) {
        var next = 0
        for k in 0..<grid.count {
            if next < histograms.count, histograms[next].step == k {
                var histogram = histograms[next].histogram
                // What was known was about the sample before, which here may be left out or another.
                if histogram.counterReset != .gauge { histogram.counterReset = .unknown }
                buffer.append(grid.time(k), histogram)
                next += 1
            } else if isPresent(column[k]) {
                buffer.append(grid.time(k), column[k])
            }
        }
    }
}

extension SampleBuffer {
    /// Leaves only counts and sums of the histograms, and finds out about resets first, which needs their buckets.
    ///
    /// - Parameter start: the first time that is asked for. Of the first sample from there on, the ones before only tell
    ///   that it is not reset, as in Prometheus, where a chunk goes on until there is a reset.
    func reduceToTotals(from start: Int64) {
        var previous: Histogram?
        var isInside = false
        for index in histograms.indices {
            let histogram = histograms[index].histogram
            var totals = histogram.totals
            let isFirst = !isInside && timestamps[histograms[index].index] >= start
            isInside = isInside || isFirst
            if histogram.counterReset == .unknown, let previous {
                let reset: Histogram.CounterReset = isFirst ? .unknown : .reset
                totals.counterReset = histogram.isReset(after: previous) ? reset : .notReset
            }
            previous = histogram
            histograms[index].histogram = totals
        }
    }
}
