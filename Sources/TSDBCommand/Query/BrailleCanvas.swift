/// A grid of dots, written as braille characters of 2 × 4 dots; the origin is at the bottom left.
struct BrailleCanvas {
    let columns: Int
    let rows: Int
    private var dots: [UInt8]
    private var colours: [Int]

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        dots = Array(repeating: 0, count: columns * rows)
        colours = Array(repeating: 0, count: columns * rows)
    }

    var dotColumns: Int { columns * 2 }
    var dotRows: Int { rows * 4 }

    /// Sets a dot; one outside the grid is left out.
    mutating func set(_ x: Int, _ y: Int, colour: Int) {
        guard x >= 0, x < dotColumns, y >= 0, y < dotRows else { return }
        let fromTop = dotRows - 1 - y
        let cell = fromTop / 4 * columns + x / 2
        // Unicode numbers the dots of a cell down the left column (1, 2, 3), down the right (4, 5, 6), then the bottom
        // row (7, 8); bit n-1 stands for dot n.
        let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
        dots[cell] |= bits[fromTop % 4][x % 2]
        colours[cell] = colour
    }

    /// Sets the dots of a straight line, both ends included.
    mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int), colour: Int) {
        let steps = max(abs(end.x - start.x), abs(end.y - start.y), 1)
        for step in 0...steps {
            let part = Double(step) / Double(steps)
            let x = Double(start.x) + Double(end.x - start.x) * part
            let y = Double(start.y) + Double(end.y - start.y) * part
            set(Int(x.rounded()), Int(y.rounded()), colour: colour)
        }
    }

    /// The characters of row `row` from the top, runs of one colour passed through `paint`.
    func line(_ row: Int, paint: (String, Int) -> String) -> String {
        var result = ""
        var run = ""
        var runColour: Int?
        for cell in row * columns..<(row + 1) * columns {
            let colour = dots[cell] == 0 ? nil : colours[cell]
            if colour != runColour {
                result += runColour.map { paint(run, $0) } ?? run
                (run, runColour) = ("", colour)
            }
            run.unicodeScalars.append(dots[cell] == 0 ? " " : Unicode.Scalar(0x2800 + UInt32(dots[cell])) ?? " ")
        }
        return result + (runColour.map { paint(run, $0) } ?? run)
    }
}
