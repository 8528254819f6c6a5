import Model

/// The samples of two buffers in order of time; of two of one time that of `first`. One of the two may be given back.
package func merged(_ first: SampleBuffer, _ second: SampleBuffer) -> SampleBuffer {
    if second.count == 0 { return first }
    if first.count == 0 { return second }
    let result = SampleBuffer(capacity: first.count + second.count)
    var (a, b) = (SampleCursor(first), SampleCursor(second))
    while true {
        guard let ours = a.time else {
            b.moveRest(to: result)
            return result
        }
        guard let theirs = b.time else {
            a.moveRest(to: result)
            return result
        }
        if ours <= theirs { a.move(to: result) } else { b.move(to: result) }
        if ours == theirs { b.skip() }
    }
}

/// As ``merged(_:_:)``, into `first`: at no cost for what it has where `second` comes behind it.
func merge(_ second: SampleBuffer, into first: inout SampleBuffer) {
    guard first.count > 0, second.count > 0, second.timestamps[0] > first.timestamps[first.count - 1] else {
        first = merged(first, second)
        return
    }
    var cursor = SampleCursor(second)
    cursor.moveRest(to: first)
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

    mutating func moveRest(to result: SampleBuffer) {
        result.reserve(buffer.count - index)
        while index < buffer.count { move(to: result) }
    }

    mutating func skip() {
        if histogramHere != nil { histogram += 1 }
        index += 1
    }
}
