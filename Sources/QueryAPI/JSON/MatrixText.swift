import Dispatch
import PromQL

/// The text of a matrix's elements, cut into pieces that are written beside one another: writing numbers is most of what
/// a large answer costs.
struct MatrixText: Sendable {
    /// What is written next: of which element, which number, or, behind the numbers, which histogram.
    struct Place: Sendable, Equatable {
        var element = 0
        var point = 0
    }

    let series: [MatrixSeries]

    /// About so many numbers make a piece, which then is some ``Limit/chunkBytes`` long.
    private static let pieceNumbers = 2500
    /// An element's labels, and a histogram, are as long as so many numbers.
    private static let labelsWeight = 8
    private static let histogramWeight = 16
    /// The most pieces that are written at once.
    private static let piecesMax = 4

    /// Appends the next pieces to `out`.
    ///
    /// - Parameter buffers: kept from call to call.
    /// - Returns: whether there are more.
    func write(from place: inout Place, to out: inout [UInt8], _ buffers: inout [[UInt8]]) -> Bool {
        var cuts = [place]
        while cuts.count <= MatrixText.piecesMax, let last = cuts.last, last.element < series.count {
            cuts.append(end(ofPieceAt: last))
        }
        let count = cuts.count - 1
        if count == 1 {
            write(cuts[0], cuts[1], to: &out)
        } else if count > 1 {
            while buffers.count < count { buffers.append([]) }
            buffers.withUnsafeMutableBufferPointer { buffers in
                // Each thread writes to a buffer of its own.
                nonisolated(unsafe) let buffers = buffers
                DispatchQueue.concurrentPerform(iterations: count) { [cuts] index in
                    buffers[index].removeAll(keepingCapacity: true)
                    write(cuts[index], cuts[index + 1], to: &buffers[index])
                }
            }
            for index in 0..<count { out += buffers[index] }
        }
        place = cuts[count]
        return place.element < series.count
    }

    private func numberCount(_ element: Int) -> Int {
        min(series[element].timestamps.count, series[element].values.count)
    }

    private func end(ofPieceAt start: Place) -> Place {
        var place = start
        var room = MatrixText.pieceNumbers
        while place.element < series.count, room > 0 {
            if place.point == 0 { room -= MatrixText.labelsWeight }
            let numbers = numberCount(place.element)
            let taken = max(0, min(numbers - place.point, room))
            place.point += taken
            room -= taken
            let total = numbers + series[place.element].histograms.count
            while place.point >= numbers, place.point < total, room > 0 {
                place.point += 1
                room -= MatrixText.histogramWeight
            }
            if place.point < total { return place }
            place = Place(element: place.element + 1)
        }
        return place
    }

    private func write(_ start: Place, _ end: Place, to out: inout [UInt8]) {
        var place = start
        while place.element < end.element || place.point < end.point {
            let one = series[place.element]
            let numbers = numberCount(place.element)
            let total = numbers + one.histograms.count
            let last = place.element == end.element ? end.point : total
            if place.point == 0 { writeHead(place.element, numbers, &out) }
            if place.point < numbers {
                writeNumbers(one, place.point..<min(last, numbers), &out)
                if last >= numbers { out.append("]") }
            }
            for index in max(place.point, numbers)..<max(last, numbers) {
                out.append(index == numbers ? ",\"histograms\":[" : ",")
                out.appendPoint(one.histograms[index - numbers].timestampMs, one.histograms[index - numbers].histogram)
            }
            guard last == total else { return }
            out.append(one.histograms.isEmpty ? "}" : "]}")
            place = Place(element: place.element + 1)
        }
    }

    private func writeHead(_ element: Int, _ numbers: Int, _ out: inout [UInt8]) {
        if element > 0 { out.append(UInt8(ascii: ",")) }
        out.append("{\"metric\":")
        out.appendJSONLabels(series[element].labels)
        if numbers > 0 { out.append(",\"values\":[") }
    }

    private func writeNumbers(_ one: MatrixSeries, _ range: Range<Int>, _ out: inout [UInt8]) {
        one.timestamps.withUnsafeBufferPointer { timestamps in
            one.values.withUnsafeBufferPointer { values in
                guard let times = timestamps.baseAddress, let numbers = values.baseAddress else { return }
                var index = range.lowerBound
                while index < range.upperBound {
                    if index > 0 { out.append(UInt8(ascii: ",")) }
                    let count = min(pointsAtOnce, range.upperBound - index)
                    out.appendPoints(times + index, numbers + index, count)
                    index += count
                }
            }
        }
    }
}
