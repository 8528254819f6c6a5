import Model
import Synchronization

/// A range function of each series of a source.
final class RangeFunctionOperator: VectorOperator {
    private let source: any SampleSource
    private let call: RangeCall
    private let context: QueryContext
    /// Where in the query the range is, for annotations.
    private let argumentRange: SourceRange
    /// Where in the query the first argument is.
    private let parameterRange: SourceRange
    /// Whether all series are of one metric, so that one look at its name is enough.
    private let isOneMetric: Bool
    private let isCounted: Bool
    private let isNameChecked = Atomic(false)
    /// The last metric that was said not to be a counter: mostly all series are of one.
    private let informedOf = Mutex("")

    init(
        _ source: any SampleSource, _ call: RangeCall, argumentRange: SourceRange, parameterRange: SourceRange,
        isOneMetric: Bool = false, isCounted: Bool, _ context: QueryContext
    ) {
        self.isOneMetric = isOneMetric
        self.isCounted = isCounted
        self.source = source
        self.call = call
        self.argumentRange = argumentRange
        self.parameterRange = parameterRange
        self.context = context
    }

    var count: Int { source.count }
    var cost: Int { source.cost + call.windows.steps.count }
    func labels(_ index: Int) -> Labels { source.labels(index) }
    func dropsName(_ index: Int) -> Bool { !call.function.keepsName || source.dropsName(index) }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let buffer = worker.takeBuffer()
        defer { worker.giveBack(buffer) }
        try source.read(index, into: buffer, worker)
        try call.checkFactors(buffer)
        defer { call.checkQuantile(column, at: parameterRange, context) }
        if !buffer.histograms.isEmpty { return try fillMixed(index, buffer, column, worker) }
        let seen =
            buffer.startTimes.isEmpty ? call.evaluate(Samples(buffer), column) : fillStarted(index, buffer, column)
        if call.isWorthChecking(seen) { try context.check() }
        if isCounted {
            let samples = Samples(buffer)
            worker.count(seen) { atStep in
                call.windows.forEachWindow(samples.timestamps, samples.count) { atStep[$0] += $2 - $1 }
            }
        }
        if call.function.wantsCounter, seen > 0, !isNameChecked.load(ordering: .relaxed) {
            checkIsCounter(source.labels(index), column)
        }
        return []
    }

    /// Evaluates it for a series of numbers of some of which it is known since when they count.
    private func fillStarted(_ index: Int, _ buffer: SampleBuffer, _ column: Column) -> Int {
        checkStarts(index, buffer)
        return evaluate(buffer, starts: buffer.expandedStartTimes(), column)
    }

    private func evaluate(_ buffer: SampleBuffer, starts: [Int64], _ column: Column) -> Int {
        starts.withUnsafeBufferPointer { starts in
            var samples = Samples(buffer)
            if !starts.isEmpty { samples.starts = starts.baseAddress }
            return call.evaluate(samples, column)
        }
    }

    /// Evaluates it for a series with native histograms.
    private func fillMixed(
        _ index: Int, _ buffer: SampleBuffer, _ column: Column, _ worker: Worker
    ) throws(QueryError) -> HistogramColumn {
        let samples = MixedSamples(buffer)
        let numbers = worker.takeBuffer()
        defer { worker.giveBack(numbers) }
        let starts = samples.copyNumbers(into: numbers)
        if !buffer.startTimes.isEmpty { checkStarts(index, buffer) }
        let numbersSeen = evaluate(numbers, starts: starts, column)
        if call.isWorthChecking(numbersSeen) { try context.check() }
        let labels = source.labels(index)
        let remarks = RangeRemarks(context: context, range: argumentRange)
        let mixed = MixedRangeCall(call, samples, metricName: labels.metricName ?? "", remarks)
        let (histograms, seen) = mixed.evaluate(column)
        if call.function.wantsCounter, numbersSeen > 0 { checkIsCounter(labels, column) }
        if isCounted {
            worker.count(seen) { atStep in
                call.windows.forEachWindow(samples.timestamps, samples.count) { atStep[$0] += samples.held($1, $2) }
            }
        }
        return histograms
    }

    /// Says where a sample counts since before the sample before it, which counts since another time.
    private func checkStarts(_ index: Int, _ buffer: SampleBuffer) {
        guard call.function.wantsCounter else { return }
        let starts = buffer.expandedStartTimes()
        let overlaps = stride(from: 1, to: buffer.count, by: 1).contains { place in
            starts[place] != 0 && starts[place] < buffer.timestamps[place - 1] && starts[place] != starts[place - 1]
        }
        guard overlaps else { return }
        RangeRemarks(context: context, range: argumentRange).overlappingStart(source.labels(index).metricName ?? "")
    }

    /// Says where a metric's name does not look like a counter's, and its rate was taken nonetheless.
    private func checkIsCounter(_ labels: Labels, _ column: Column) {
        guard !hasCounterName(labels), let name = labels.metricName else {
            if isOneMetric { isNameChecked.store(true, ordering: .relaxed) }
            return
        }
        guard informedOf.withLock({ $0 != name }), presentCount(column, call.windows.steps.count) > 0 else { return }
        informedOf.withLock { $0 = name }
        if isOneMetric { isNameChecked.store(true, ordering: .relaxed) }
        context.inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \(quoted(name))",
            at: argumentRange)
    }
}

/// Whether the metric's name ends as a counter's does, or there is none; looked at as bytes as it is for every series.
private func hasCounterName(_ labels: Labels) -> Bool {
    var result = true
    labels.forEachBytes { name, value in
        guard name.count == 8, name.elementsEqual(Labels.metricNameLabel.utf8) else { return }
        result = ["_total", "_sum", "_count", "_bucket"].contains { (suffix: StaticString) in
            let bytes = UnsafeBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount)
            return value.count >= bytes.count && value.suffix(bytes.count).elementsEqual(bytes)
        }
    }
    return result
}

/// `absent_over_time`: a sample at each step in whose window no series has one.
func absentOverTime(
    _ source: any SampleSource, _ windows: WindowGrid, labels: Labels, isCounted: Bool, _ context: QueryContext
) throws(QueryError) -> any VectorOperator {
    let call = RangeCall(
        function: .present, windows: windows, rangeExtension: nil, parameters: [], context: context)
    let presence = RangeFunctionOperator(
        source, call, argumentRange: SourceRange(0, 0), parameterRange: SourceRange(0, 0), isCounted: isCounted, context
    )
    return try absent(presence, windows.steps, labels: labels, context)
}

/// `absent`: a sample at each step at which no series has one.
func absent(_ vector: any VectorOperator, _ grid: StepGrid, labels: Labels, _ context: QueryContext)
    throws(QueryError) -> any VectorOperator
{
    let block = try ColumnBlock(rows: 1, steps: grid.count, context)
    let result = block.row(0)
    result.initialize(repeating: 1, count: grid.count)
    let worker = Worker(context)
    let column = try worker.takeColumn(grid.count)
    defer { worker.giveBack(column) }
    for index in 0..<vector.count {
        try context.check()
        let histograms = try vector.fill(index, column, worker)
        for k in 0..<grid.count where isPresent(column[k]) { result[k] = absentValue }
        for one in histograms { result[one.step] = absentValue }
    }
    return Materialized([OutputSeries(labels: labels)], block)
}
