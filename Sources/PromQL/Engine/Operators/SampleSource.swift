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
    let cost: Int

    /// - Parameter spanMs: how long a time is read.
    init(_ set: any SeriesSet, spanMs: Int64) {
        selected = set
        cost = estimatedSamples(spanMs)
    }

    var count: Int { selected.count }
    func labels(_ index: Int) -> Labels { selected.labels(index) }
    func dropsName(_ index: Int) -> Bool { false }

    func read(_ index: Int, into buffer: SampleBuffer, _ worker: Worker) throws(QueryError) {
        try worker.read(selected, index, into: buffer)
        _ = Samples(buffer, droppingStale: ())
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
        let column = worker.takeColumn(grid.count)
        defer { worker.giveBack(column) }
        try vector.fill(index, column, worker)
        buffer.reserve(grid.count)
        var count = 0
        for k in 0..<grid.count where isPresent(column[k]) {
            buffer.timestamps[count] = grid.time(k)
            buffer.values[count] = column[k]
            count &+= 1
        }
        buffer.count = count
    }
}
