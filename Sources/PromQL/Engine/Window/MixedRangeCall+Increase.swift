import Model

extension MixedRangeCall {
    private var isCounter: Bool { call.function != .delta }

    /// `rate`, `increase` and `delta` of a window of histograms: as for numbers, see ``RateKernel``.
    ///
    /// - Source: Prometheus 3.14 `promql/functions.go`, histogramRate: behaviour.
    func increase(_ low: Int, _ high: Int, end: Int64) -> Histogram? {
        let windowStart = end &- windows.rangeMs
        let start = samples.start(low)
        let isStarted = isCounter && start != 0 && start > windowStart && start < samples.timestamps[low]
        guard high - low > 1 || isStarted, let firstCount = samples.histogram(low)?.count,
            var result = total(low, high, isStarted: isStarted)
        else { return nil }
        let (first, last) = (samples.timestamps[low], samples.timestamps[high - 1])
        var factor: Double
        if isStarted {
            factor = factorSinceStart(start: start, first: first, last: last, count: high - low, end: end)
        } else {
            let grown = result.count.total
            factor = extensionFactor(
                first: first, last: last, count: high - low, start: windowStart, end: end,
                zeroShare: isCounter && grown > 0 && firstCount >= 0 ? firstCount / grown : .infinity)
        }
        if call.function == .rate { factor /= Double(windows.rangeMs) / 1000 }
        result.multiply(by: factor)
        return result.gauge
    }

    /// The difference of the last and the first histogram, plus what was reached before each reset.
    /// - Parameter isStarted: whether all that the first histogram holds counts too.
    private func total(_ low: Int, _ high: Int, isStarted: Bool) -> HistogramSum? {
        let histograms = (low..<high).compactMap { samples.histogram($0) }
        guard let first = histograms.first, let last = histograms.last else { return nil }
        // What was before a reset right after it does not matter, not even its buckets' layout.
        var base = first
        let isFirstVoid = isCounter && histograms.count > 1 && isReset[low + 1]
        if isFirstVoid { base = Histogram(schema: histograms[1].schema, customValues: histograms[1].customValues) }
        guard checkKinds(base, histograms) else { return refuseSchemas() }

        var result = HistogramSum(last)
        let schemas = (isCounter ? histograms.dropFirst() : [last]).map(\.schema)
        result.reduce(to: min(base.schema, schemas.min() ?? base.schema))
        if !isStarted, !add(base, factor: -1, to: &result) { return refuseSchemas() }
        guard isCounter else {
            if first.counterReset != .gauge || last.counterReset != .gauge { remarks.notGauge(metricName) }
            return result
        }
        for index in low + 1..<max(high, low + 1) where isReset[index] {
            if index == low + 1, isFirstVoid, !isStarted { continue }
            guard let before = samples.histogram(index - 1) else { continue }
            if !add(before, factor: 1, to: &result) { return refuseSchemas() }
        }
        return result
    }

    /// Whether all that count have exponential buckets, or all custom ones.
    ///
    /// A counter's histograms are looked at for gauges at the same time: where one between the first and the last does not
    /// fit, Prometheus says nothing of gauges.
    private func checkKinds(_ base: Histogram, _ histograms: [Histogram]) -> Bool {
        guard let first = histograms.first, let last = histograms.last else { return false }
        func isAlike(_ other: Histogram) -> Bool { other.hasCustomBuckets == base.hasCustomBuckets }
        let isLastAlike = isAlike(last)
        guard isCounter else { return isLastAlike }
        let inner = isLastAlike ? Array(histograms.dropFirst().dropLast()) : []
        guard inner.allSatisfy(isAlike) else { return false }
        if ([first, last] + inner).contains(where: { $0.counterReset == .gauge }) { remarks.notCounter(metricName) }
        return isLastAlike
    }

    /// Adds a histogram, and returns whether it fits.
    private func add(_ histogram: Histogram, factor: Double, to result: inout HistogramSum) -> Bool {
        switch result.add(histogram, factor: factor) {
        case .added: return true
        case .reconciled:
            remarks.reconciled(factor < 0 ? "subtraction" : "addition")
            return true
        case .incompatible: return false
        }
    }

    private func refuseSchemas() -> HistogramSum? {
        remarks.mixedSchemas(metricName)
        return nil
    }

    /// `irate` and `idelta`: the difference of the window's last two samples.
    func lastIncrease(_ low: Int, _ high: Int, number: Double) -> SampleValue? {
        guard high - low > 1 else { return nil }
        let isRate = call.function == .irate
        switch (samples.histogram(high - 2), samples.histogram(high - 1)) {
        case (nil, nil): return isPresent(number) ? .float(number) : nil
        case (let before?, let last?):
            let gauges = [before, last].filter { $0.counterReset == .gauge }.count
            if isRate, gauges > 0 { remarks.notCounter(metricName) }
            if !isRate, gauges < 2 { remarks.notGauge(metricName) }
            var result = HistogramSum(last)
            if !isRate || !isReset[high - 1], !add(before, factor: -1, to: &result) {
                _ = refuseSchemas()
                return nil
            }
            if isRate {
                let elapsed = samples.timestamps[high - 1] &- samples.timestamps[high - 2]
                result.multiply(by: 1000 / Double(elapsed))
            }
            return .histogram(result.gauge)
        default: return refuseMix()
        }
    }

    /// `rate`, `increase` and `delta` of a range that is anchored or smoothed: as for numbers, see
    /// ``ExtendedRateKernel``. Nowhere in the samples that it looks at must numbers be among histograms.
    ///
    /// - Source: Prometheus 3.14 `promql/functions.go`, extendedHistogramRate: behaviour.
    func extendedIncrease(_ low: Int, _ high: Int, end: Int64) -> SampleValue? {
        if samples.histogramCount(low, high) < high - low { return refuseMix() }
        let isSmoothed = call.rangeExtension == .smoothed
        let start = end &- windows.rangeMs
        let times = samples.timestamps
        let first = max(low, ((low..<high - 1).first { times[$0] > start } ?? high - 1) - 1)
        let last = isSmoothed ? (low..<high - 1).first { times[$0] >= end } ?? high - 1 : high - 1
        guard times[last] > start, times[first] <= end, isOneKind(first...last) else { return nil }
        let isLeftBetween = isSmoothed && times[first] < start
        let isRightBetween = isSmoothed && last > low && times[last] > end
        guard let left = isLeftBetween ? point(first + 1, at: start) : samples.histogram(first),
            let right = isRightBetween ? point(last, at: end) : samples.histogram(last)
        else { return nil }
        if !isCounter, left.counterReset != .gauge || right.counterReset != .gauge { remarks.notGauge(metricName) }
        var result = HistogramSum(right)
        guard add(left, factor: -1, to: &result) else { return nil }
        // A reset between the samples around the start is in the point there already.
        for index in stride(from: isLeftBetween ? first + 2 : first + 1, through: last, by: 1)
        where isCounter && isReset[index] {
            if let before = samples.histogram(index - 1) { _ = add(before, factor: 1, to: &result) }
        }
        if call.function == .rate { result.multiply(by: 1000 / Double(windows.rangeMs)) }
        return .histogram(result.gauge)
    }

    /// Whether all these histograms have exponential buckets, or all custom ones; says where a counter's is a gauge.
    private func isOneKind(_ indices: ClosedRange<Int>) -> Bool {
        let histograms = indices.compactMap { samples.histogram($0) }
        for histogram in histograms {
            guard histogram.hasCustomBuckets == histograms[0].hasCustomBuckets else {
                remarks.mixedSchemas(metricName)
                return false
            }
            if isCounter, histogram.counterReset == .gauge { remarks.notCounter(metricName) }
        }
        return true
    }

    /// The point at `time` on the way from the histogram before `index` to the one there.
    private func point(_ index: Int, at time: Int64) -> Histogram? {
        guard let left = samples.histogram(index - 1), let right = samples.histogram(index) else { return nil }
        let (from, to) = (samples.timestamps[index - 1], samples.timestamps[index])
        let part = Double(time &- from) / Double(to &- from)
        return interpolate(left, right, part: part, isReset: isCounter && isReset[index], remarks)
    }
}

extension HistogramSum {
    /// What it has come to as something that goes up and down, as differences do.
    fileprivate var gauge: Histogram {
        var result = histogram()
        result.counterReset = .gauge
        return result
    }
}
