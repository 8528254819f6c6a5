import Model

/// Works out the columns of a vector some rows at a time, on several threads, and hands them on in order.
private func forEachColumn(
    _ vector: any VectorOperator, _ grid: StepGrid, _ context: QueryContext,
    _ body: (Int, Column, HistogramColumn) throws(QueryError) -> Void
) throws(QueryError) {
    let batch = min(vector.count, 32 * context.workers)
    let block = try ColumnBlock(rows: batch, steps: grid.count, context)
    for first in stride(from: 0, to: vector.count, by: max(batch, 1)) {
        let rows = min(batch, vector.count - first)
        try forEachIndex(rows, context, cost: vector.cost) { (row, worker) throws(QueryError) in
            try block.setHistograms(try vector.fill(first + row, block.row(row), worker), row: row)
        }
        for row in 0..<rows { try body(first + row, block.row(row), block.histograms(row)) }
    }
}

/// Columns that are made as series turn out to be selected.
private struct SelectedRows {
    private(set) var columns: [ColumnBlock] = []
    private(set) var series: [OutputSeries] = []
    private var rowOf: [Int: Int] = [:]
    private let vector: any VectorOperator
    private let steps: Int
    private let context: QueryContext

    init(_ vector: any VectorOperator, _ grid: StepGrid, _ context: QueryContext) {
        self.vector = vector
        steps = grid.count
        self.context = context
    }

    /// The column of series `index`, which is absent throughout when it is asked for first.
    mutating func column(_ index: Int) throws(QueryError) -> Column { try block(index).row(0) }

    /// The block of one row for series `index`.
    mutating func block(_ index: Int) throws(QueryError) -> ColumnBlock {
        if let row = rowOf[index] { return columns[row] }
        let column = try ColumnBlock(rows: 1, steps: steps, context)
        column.clear()
        rowOf[index] = columns.count
        columns.append(column)
        series.append(OutputSeries(labels: vector.labels(index), dropsName: vector.dropsName(index)))
        return column
    }

    func result() throws(QueryError) -> any VectorOperator {
        let block = try ColumnBlock(rows: columns.count, steps: steps, context)
        for (row, column) in columns.enumerated() { try block.copy(column, row: 0, toRow: row) }
        return Materialized(series, block)
    }
}

/// `topk` and `bottomk`: at each step each group's largest or smallest values, of equal ones those of earlier series.
func rank(
    _ op: Aggregator, _ counts: [Int], _ vector: any VectorOperator, _ grouping: Grouping, _ grid: StepGrid,
    _ remarks: AggregationRemarks
) throws(QueryError) -> any VectorOperator {
    let context = remarks.context
    // The room for one group and step: no more than the group has series.
    let sizes = grouping.groups.indices.map { group in
        min(counts.max() ?? 0, grouping.starts[group + 1] - grouping.starts[group])
    }
    let held = sizes.reduce(0, +).multipliedClamped(by: 2 * grid.count)
    try context.hold(held)
    defer { context.release(held) }
    var heaps = sizes.map { RankHeaps(size: $0, steps: grid.count, isTop: op == .topk) }
    try forEachColumn(vector, grid, context) { (index, column, histograms) in
        if !histograms.isEmpty { remarks.ignoredHistogram(op) }
        let group = Int(grouping.groupOf[index])
        for k in 0..<grid.count where isPresent(column[k]) {
            heaps[group].offer(column[k], index, step: k, keeping: counts[k])
        }
    }
    var rows = SelectedRows(vector, grid, context)
    for group in grouping.groups.indices {
        for k in 0..<grid.count {
            for entry in heaps[group].ranked(k) { try rows.column(entry.index)[k] = entry.value }
        }
    }
    return try rows.result()
}

/// For each step the best values so far, the worst of them on top.
private struct RankHeaps {
    struct Entry {
        var value: Double
        var index: Int
    }

    private var entries: [Entry]
    private var counts: [Int]
    private let size: Int
    private let isTop: Bool

    init(size: Int, steps: Int, isTop: Bool) {
        self.size = size
        self.isTop = isTop
        entries = Array(repeating: Entry(value: 0, index: 0), count: size * steps)
        counts = Array(repeating: 0, count: steps)
    }

    /// Whether `a` ranks behind `b`. NaN ranks behind all, later series behind earlier ones.
    private func isWorse(_ a: Entry, _ b: Entry) -> Bool {
        if a.value.isNaN || b.value.isNaN {
            return a.value.isNaN && b.value.isNaN ? a.index > b.index : a.value.isNaN
        }
        if a.value == b.value { return a.index > b.index }
        return isTop ? a.value < b.value : a.value > b.value
    }

    /// Takes a value in where fewer than `limit` rank before it.
    mutating func offer(_ value: Double, _ index: Int, step: Int, keeping limit: Int) {
        let base = step * size
        let new = Entry(value: value, index: index)
        let limit = min(limit, size)
        if counts[step] < limit {
            var child = counts[step]
            counts[step] += 1
            entries[base + child] = new
            while child > 0, isWorse(entries[base + child], entries[base + (child - 1) / 2]) {
                entries.swapAt(base + child, base + (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if limit > 0, isWorse(entries[base], new) {
            entries[base] = new
            siftDown(base, limit)
        }
    }

    private mutating func siftDown(_ base: Int, _ count: Int) {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < count {
                if isWorse(entries[base + child], entries[base + worst]) { worst = child }
            }
            if worst == parent { return }
            entries.swapAt(base + parent, base + worst)
            parent = worst
        }
    }

    /// What was kept at a step, best first.
    func ranked(_ step: Int) -> [Entry] {
        entries[step * size..<step * size + counts[step]].sorted { isWorse($1, $0) }
    }
}

/// `limitk`: at each step each group's first series.
func limitK(
    _ counts: [Int], _ vector: any VectorOperator, _ grouping: Grouping, _ grid: StepGrid, _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    let steps = grid.count
    try context.hold(grouping.groups.count.multipliedClamped(by: steps))
    defer { context.release(grouping.groups.count * steps) }
    var taken = [Int32](repeating: 0, count: grouping.groups.count * steps)
    var rows = SelectedRows(vector, grid, context)
    try forEachColumn(vector, grid, context) { (index, column, histograms) throws(QueryError) in
        let base = Int(grouping.groupOf[index]) * steps
        for k in 0..<steps where isPresent(column[k]) && Int(taken[base + k]) < counts[k] {
            taken[base + k] += 1
            try rows.column(index)[k] = column[k]
        }
        for one in histograms where Int(taken[base + one.step]) < counts[one.step] {
            taken[base + one.step] += 1
            try rows.block(index).put(one.histogram, row: 0, step: one.step)
        }
    }
    return try rows.result()
}

/// `limit_ratio`: the series whose labels' hash lies in the wanted part of all hashes, the same ones as Prometheus's.
func limitRatio(
    _ ratios: [Double], _ vector: any VectorOperator, _ grid: StepGrid, _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    var rows = SelectedRows(vector, grid, context)
    try forEachColumn(vector, grid, context) { (index, column, histograms) throws(QueryError) in
        let place = Double(xxHash64(vector.labels(index).encoded)) / Double(UInt64.max)
        func isIn(_ k: Int) -> Bool { ratios[k] >= 0 ? place < ratios[k] : place >= 1 + ratios[k] }
        for k in 0..<grid.count where isPresent(column[k]) && isIn(k) { try rows.column(index)[k] = column[k] }
        for one in histograms where isIn(one.step) {
            try rows.block(index).put(one.histogram, row: 0, step: one.step)
        }
    }
    return try rows.result()
}
