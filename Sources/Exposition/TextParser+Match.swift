import Glibc
import Model

extension TextParser {
    /// Passes over the lines that are, values aside, those of `layout` from line `first` on, and appends their samples'
    /// values. Stops before the first line that differs, has a timestamp, or cannot be read.
    ///
    /// - Parameters:
    ///   - typeLine: which of the layout's TYPE lines is in force.
    ///   - values: receives one value for each line of kind `sample` or `part`.
    /// - Returns: how many lines matched.
    public mutating func matchRun(
        _ layout: borrowing PageLayout, from first: Int, _ typeLine: inout PageLayout.TypeLine,
        into values: inout [Double]
    ) -> Int {
        var index = first
        let count = layout.lines.count
        layout.heads.withUnsafeBufferPointer { heads in
            layout.lines.withUnsafeBufferPointer { lines in
                guard let heads = heads.baseAddress else { return }
                var headStart = first == 0 ? 0 : lines[first - 1].headEnd
                while index < count {
                    let line = lines[index]
                    let length = line.headEnd - headStart
                    guard end - cursor > length, memcmp(cursor, heads + headStart, length) == 0 else { break }
                    if line.isPlainSample(behind: typeLine) {
                        guard let value = matchValue(cursor + length) else { break }
                        values.append(value)
                    } else if line.kind.isSample {
                        guard line.typeLine == typeLine, let value = matchValue(cursor + length) else { break }
                        if line.kind == .part { values.append(value) }
                    } else {
                        guard cursor[length] == UInt8(ascii: "\n") else { break }
                        cursor += length + 1
                        noteType(line.kind)
                        if line.kind.isType { typeLine = line.typeLine }
                    }
                    headStart = line.headEnd
                    index += 1
                }
            }
        }
        return index - first
    }

    /// Reads a space, a number and a line feed at `place` and moves behind them; otherwise the parser stays.
    @inline(__always)
    private mutating func matchValue(_ place: UnsafePointer<UInt8>) -> Double? {
        guard place.pointee == UInt8(ascii: " ") else { return nil }
        var stop = place + 1
        if let value = parseShortNumber(&stop, end), stop < end, stop.pointee == UInt8(ascii: "\n") {
            cursor = stop + 1
            return value
        }
        stop = place + 1
        while stop < end, stop.pointee != UInt8(ascii: "\n") { stop += 1 }
        guard stop < end else { return nil }
        guard let value = parseNumber(UnsafeBufferPointer(start: place + 1, count: stop - place - 1)) else {
            return nil
        }
        cursor = stop + 1
        return value
    }

    /// Sets `type` to what a comment line of this kind says.
    public mutating func noteType(_ kind: PageLayout.Kind) {
        if let type = kind.metricType { self.type = type }
    }
}

extension PageLayout.Kind {
    /// What a TYPE line of this kind says, as far as it changes how labels are read; nil for any other line.
    public var metricType: MetricMetadata.MetricType? {
        switch self {
        case .typeHistogram: .histogram
        case .typeSummary: .summary
        case .typeCounter: .counter
        case .typeOther: .unknown
        case .sample, .droppedSample, .part, .comment: nil
        }
    }
}
