import Model

/// Turns an expression's operator into a query's answer.
struct Evaluation {
    let context: QueryContext
    let grid: StepGrid

    private var planner: Planner { Planner(context: context) }

    func value(_ expr: Expr) throws(QueryError) -> QueryValue {
        switch expr.type {
        case .string: return .string(timestampMs: grid.start, value: try planner.string(expr))
        case .scalar:
            let values = try planner.scalar(expr, grid)
            if context.isInstant { return .scalar(timestampMs: grid.start, value: values[0]) }
            return .matrix([
                MatrixSeries(labels: .empty, timestamps: allTimes(), values: Array(values.elements))
            ])
        case .vector:
            let vector = try planner.vector(expr, grid)
            return context.isInstant ? .vector(try samples(vector)) : .matrix(try series(vector))
        case .matrix: return .matrix(try rawSeries(try planner.range(expr, grid, consumer: "")))
        }
    }

    private func allTimes() -> [Int64] { (0..<grid.count).map { grid.time($0) } }

    /// An instant vector's samples in the operator's order.
    private func samples(_ vector: any VectorOperator) throws(QueryError) -> [VectorSample] {
        let block = try Materialized.of(vector, grid, context)
        var result: [VectorSample] = []
        var dropped = false
        for index in 0..<block.count where block.block.hasSample(row: index, step: 0) {
            let series = block.series[index]
            dropped = dropped || series.dropsName
            let labels = series.dropsName ? MetadataLabels.drop(series.labels) : series.labels
            let histogram = block.block.histograms(index).first?.histogram
            result.append(
                VectorSample(
                    labels: labels, timestampMs: grid.start, value: histogram == nil ? block.block.row(index)[0] : 0,
                    histogram: histogram))
        }
        if dropped {
            var table = LabelTable()
            for (index, sample) in result.enumerated() where table.index(of: sample.labels) != index {
                throw duplicateSeriesError
            }
        }
        return result
    }

    /// A range query's series, sorted by labels, without those that have no sample.
    private func series(_ vector: any VectorOperator) throws(QueryError) -> [MatrixSeries] {
        let times = allTimes()
        let grid = grid
        let context = context
        let slots = TaskSlots<MatrixSeries>(vector.count)
        try forEachIndex(vector.count, context, cost: vector.cost) { (index, worker) throws(QueryError) in
            let column = try worker.takeColumn(grid.count)
            defer { worker.giveBack(column) }
            let histograms = try vector.fill(index, column, worker)
            let present = presentCount(column, grid.count)
            guard present > 0 || !histograms.isEmpty else { return }
            try context.hold(present + histograms.heldSamples)
            let labels = vector.dropsName(index) ? MetadataLabels.drop(vector.labels(index)) : vector.labels(index)
            slots[index] = MatrixSeries(
                labels: labels, timestamps: present == grid.count ? times : presentTimes(column, grid, present),
                values: presentValues(column, grid.count, present),
                histograms: histograms.map {
                    HistogramPoint(timestampMs: grid.time($0.step), histogram: $0.histogram)
                })
        }
        let dropped = (0..<vector.count).contains { vector.dropsName($0) }
        let result = slots.present
        let began = monotonicNs()
        defer { context.addSorting(since: began) }
        return sortedByLabels(dropped ? try mergedByLabels(result) : result)
    }

    /// The samples of a range themselves.
    private func rawSeries(_ input: RangeInput) throws(QueryError) -> [MatrixSeries] {
        let worker = Worker(context)
        var result: [MatrixSeries] = []
        for index in 0..<input.source.count {
            try context.check()
            let buffer = worker.takeBuffer()
            defer { worker.giveBack(buffer) }
            try input.source.read(index, into: buffer, worker)
            input.cut(buffer)
            guard buffer.count > 0 else { continue }
            try context.hold(buffer.count)
            let seen = buffer.histograms.reduce(buffer.count) { $0 + $1.histogram.heldSamples - 1 }
            worker.count(seen) { $0[0] += seen }
            let labels = input.source.labels(index)
            result.append(
                rawSeries(buffer, input.source.dropsName(index) ? MetadataLabels.drop(labels) : labels))
        }
        return sortedByLabels(try mergedByLabels(result))
    }

    private func rawSeries(_ buffer: SampleBuffer, _ labels: Labels) -> MatrixSeries {
        if buffer.histograms.isEmpty {
            return MatrixSeries(
                labels: labels, timestamps: Array(UnsafeBufferPointer(start: buffer.timestamps, count: buffer.count)),
                values: Array(UnsafeBufferPointer(start: buffer.values, count: buffer.count)))
        }
        var series = MatrixSeries(labels: labels, timestamps: [], values: [])
        let samples = MixedSamples(buffer)
        for index in 0..<samples.count {
            let time = buffer.timestamps[index]
            if let histogram = samples.histogram(index) {
                series.histograms.append(HistogramPoint(timestampMs: time, histogram: histogram))
            } else {
                series.timestamps.append(time)
                series.values.append(buffer.values[index])
            }
        }
        return series
    }
}

let duplicateSeriesError = QueryError.execution("vector cannot contain metrics with the same labelset")

private func presentTimes(_ column: Column, _ grid: StepGrid, _ present: Int) -> [Int64] {
    [Int64](unsafeUninitializedCapacity: present) { times, count in
        for k in 0..<grid.count where isPresent(column[k]) {
            times.initializeElement(at: count, to: grid.time(k))
            count &+= 1
        }
    }
}

private func presentValues(_ column: Column, _ steps: Int, _ present: Int) -> [Double] {
    [Double](unsafeUninitializedCapacity: present) { values, count in
        for k in 0..<steps where isPresent(column[k]) {
            values.initializeElement(at: count, to: column[k])
            count &+= 1
        }
    }
}

/// The series sorted by labels; most vectors are sorted already.
private func sortedByLabels(_ series: [MatrixSeries]) -> [MatrixSeries] {
    let isSorted = zip(series, series.dropFirst()).allSatisfy { $0.labels < $1.labels }
    return isSorted ? series : series.sorted { $0.labels < $1.labels }
}

/// The series with those of the same labels made one.
/// - Throws: where two of them have a sample at the same time.
private func mergedByLabels(_ series: [MatrixSeries]) throws(QueryError) -> [MatrixSeries] {
    var table = LabelTable()
    var result: [MatrixSeries] = []
    for one in series {
        let index = table.index(of: one.labels)
        if index == result.count {
            result.append(one)
        } else {
            result[index] = try merged(result[index], one)
        }
    }
    return result
}

private func merged(_ a: MatrixSeries, _ b: MatrixSeries) throws(QueryError) -> MatrixSeries {
    var result = MatrixSeries(labels: a.labels, timestamps: [], values: [])
    var (i, j) = (0, 0)
    while i < a.timestamps.count || j < b.timestamps.count {
        let takesA = j == b.timestamps.count || i < a.timestamps.count && a.timestamps[i] < b.timestamps[j]
        if !takesA, i < a.timestamps.count, a.timestamps[i] == b.timestamps[j] { throw duplicateSeriesError }
        result.timestamps.append(takesA ? a.timestamps[i] : b.timestamps[j])
        result.values.append(takesA ? a.values[i] : b.values[j])
        if takesA { i += 1 } else { j += 1 }
    }
    result.histograms = (a.histograms + b.histograms).sorted { $0.timestampMs < $1.timestampMs }
    let times = result.timestamps + result.histograms.map(\.timestampMs)
    if !result.histograms.isEmpty, Set(times).count < times.count { throw duplicateSeriesError }
    return result
}
