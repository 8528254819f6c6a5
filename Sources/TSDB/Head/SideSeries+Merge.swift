import Model

extension SideSeries {
    /// Puts what the series has beside its chunks from `low` to `high` among its other samples, which are those in
    /// `buffer` from index `start` on. Of two samples of one time the one in `buffer` stays.
    ///
    /// - Parameter startTimesFrom: start times hold for samples from this time on; those before have theirs.
    /// - Returns: how many samples were left out.
    @discardableResult
    func merge(
        into buffer: SampleBuffer, from start: Int, _ low: Int64, _ high: Int64, startTimesFrom: Int64
    ) -> Int {
        let floats = self.floats.range(low, high)
        let histograms = self.histograms.range(low, high)
        var leftOut = 0
        if !floats.isEmpty || !histograms.isEmpty {
            let other = SampleBuffer(capacity: floats.count + histograms.count)
            SideSeries.append(floats, histograms, to: other)
            leftOut += buffer.merge(other, from: start)
        }
        if !startTimes.isEmpty { setStartTimes(in: buffer, from: start, startTimesFrom) }
        return leftOut
    }

    private static func append(
        _ floats: ArraySlice<Float>, _ histograms: ArraySlice<TimedHistogram>, to buffer: SampleBuffer
    ) {
        var floats = floats
        var histograms = histograms
        while let time = [floats.first?.time, histograms.first?.time].compactMap({ $0 }).min() {
            if let float = floats.first, float.time == time {
                buffer.append(time, Double(bitPattern: float.bits))
                floats.removeFirst()
            } else if let histogram = histograms.popFirst() {
                buffer.append(time, histogram.histogram)
            }
        }
    }

    /// Lets the start times hold for the samples in `buffer` behind `start` that are as late as `time`.
    private func setStartTimes(in buffer: SampleBuffer, from start: Int, _ time: Int64) {
        var index = start
        while index < buffer.count, buffer.timestamps[index] < time { index += 1 }
        guard index < buffer.count else { return }
        buffer.startTimes.removeAll { $0.index >= index }
        for position in startTimes.indices {
            let change = startTimes[position]
            let next = position + 1 < startTimes.count ? startTimes[position + 1].time : .max
            guard next > buffer.timestamps[index] else { continue }
            while index < buffer.count, buffer.timestamps[index] < change.time { index += 1 }
            guard index < buffer.count else { return }
            if buffer.startTimes.last?.startTime ?? 0 != change.startTime {
                buffer.startTimes.append(.init(index: index, startTime: change.startTime))
            }
        }
    }
}

extension SampleBuffer {
    /// Puts the samples of `other`, all of the same series, among those from index `start` on. Of two samples of one time
    /// the one that is here stays.
    ///
    /// - Returns: how many samples of `other` were left out.
    func merge(_ other: SampleBuffer, from start: Int = 0) -> Int {
        if other.count == 0 { return 0 }
        if start == count || timestamps[count - 1] < other.timestamps[0] {
            append(other, 0..<other.count)
            return 0
        }
        let own = SampleBuffer(capacity: count - start)
        own.append(self, start..<count)
        trim(from: start, minTime: .max, maxTime: .min)
        var left = 0
        var right = 0
        var leftOut = 0
        while left < own.count || right < other.count {
            // Whole runs at a time: mostly one lies behind the other.
            let nextRight = right < other.count ? other.timestamps[right] : .max
            let leftEnd = own.index(after: nextRight, from: left)
            append(own, left..<leftEnd)
            if leftEnd > left, own.timestamps[leftEnd - 1] == nextRight, right < other.count {
                right += 1
                leftOut += 1
            }
            left = leftEnd
            guard right < other.count else { continue }
            let rightEnd = left < own.count ? other.index(before: own.timestamps[left], from: right) : other.count
            append(other, right..<rightEnd)
            right = rightEnd
        }
        return leftOut
    }

    /// Appends the samples of another buffer at `range`.
    func append(_ other: SampleBuffer, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let shift = count - range.lowerBound
        setStartTime(other.startTime(at: range.lowerBound))
        for change in other.startTimes where change.index > range.lowerBound && change.index < range.upperBound {
            startTimes.append(.init(index: change.index + shift, startTime: change.startTime))
        }
        for element in other.histograms where range.contains(element.index) {
            histograms.append(.init(index: element.index + shift, histogram: element.histogram))
        }
        reserve(range.count)
        (timestamps + count).update(from: other.timestamps + range.lowerBound, count: range.count)
        (values + count).update(from: other.values + range.lowerBound, count: range.count)
        count += range.count
    }

    /// The time from which on sample `index` counts; 0 where it is not known.
    func startTime(at index: Int) -> Int64 { startTimes.last { $0.index <= index }?.startTime ?? 0 }

    /// Index of the first sample behind `time`, from `start` on.
    private func index(after time: Int64, from start: Int) -> Int {
        var low = start
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Index of the first sample at `time` or behind it, from `start` on.
    private func index(before time: Int64, from start: Int) -> Int {
        time == .min ? start : index(after: time - 1, from: start)
    }
}
