import Model

/// The samples of two buffers in order of time; of two of one time that of `first`. One of the two may be given back.
package func merged(_ first: SampleBuffer, _ second: SampleBuffer) -> SampleBuffer {
    if second.count == 0 { return first }
    if first.count == 0 { return second }
    let result = SampleBuffer(capacity: first.count + second.count)
    var (a, b) = (SampleCursor(first), SampleCursor(second))
    while let time = [a.time, b.time].compactMap({ $0 }).min() {
        if a.time == time {
            a.move(to: result)
            if b.time == time { b.skip() }
        } else {
            b.move(to: result)
        }
    }
    return result
}

/// Walks over a buffer's samples.
private struct SampleCursor {
    private let buffer: SampleBuffer
    private var index = 0
    private var histogram = 0
    private var start = 0
    private var startTime: Int64 = 0

    init(_ buffer: SampleBuffer) { self.buffer = buffer }

    var time: Int64? { index < buffer.count ? buffer.timestamps[index] : nil }

    private var histogramHere: Histogram? {
        guard histogram < buffer.histograms.count, buffer.histograms[histogram].index == index else { return nil }
        return buffer.histograms[histogram].histogram
    }

    mutating func move(to result: SampleBuffer) {
        while start < buffer.startTimes.count, buffer.startTimes[start].index <= index {
            startTime = buffer.startTimes[start].startTime
            start += 1
        }
        result.setStartTime(startTime)
        if let histogram = histogramHere {
            result.append(buffer.timestamps[index], histogram)
        } else {
            result.append(buffer.timestamps[index], buffer.values[index])
        }
        skip()
    }

    mutating func skip() {
        if histogramHere != nil { histogram += 1 }
        index += 1
    }
}
