import Exposition
import Model
import Testing

@Suite struct PageLayoutTests {
    /// The layout of a page, read line by line.
    private func layout(of page: [UInt8]) throws -> PageLayout {
        var layout = PageLayout()
        try page.withUnsafeBufferPointer { bytes in
            var parser = TextParser(bytes, format: .text)
            while let line = try parser.nextLine() {
                switch line {
                case .comment(let head): layout.append(head, PageLayout.Kind(try parser.metadata(of: head)))
                case .sample(let head):
                    layout.append(head, .sample)
                    _ = try parser.readValue()
                }
            }
        }
        return layout
    }

    private func matchRun(_ page: String, _ layout: PageLayout) -> (count: Int, values: [Double]) {
        Array(page.utf8).withUnsafeBufferPointer { bytes in
            var parser = TextParser(bytes, format: .text)
            var values: [Double] = []
            var typeLine = PageLayout.TypeLine.none
            let count = parser.matchRun(layout, from: 0, &typeLine, into: &values)
            return (count, values)
        }
    }

    @Test func unchangedLinesMatchWhateverTheirValues() throws {
        let before = "# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n# c\nb 3\n"
        let after = "# TYPE a gauge\na{x=\"1\"} 10.5\na{x=\"2\"} NaN\n# c\nb 1234567890123456789\n"
        let (count, values) = matchRun(after, try layout(of: Array(before.utf8)))
        #expect(count == 5)
        #expect(values[0] == 10.5)
        #expect(values[1].bitPattern == Double.ordinaryNaN.bitPattern)
        #expect(values[2] == 1_234_567_890_123_456_789)
    }

    @Test(arguments: [
        ("a 1\nb 2\nc 3\n", 3), ("a 1\nbb 2\nc 3\n", 1), ("a 1\n", 1), ("a 1\nb 2 1000\nc 3\n", 1),
        ("a 1\nb x\nc 3\n", 1),
        ("a 1\nb{} 2\nc 3\n", 1), ("a 1\nb {x=\"1\"} 2\n", 1), ("", 0), ("a 1", 0), ("a  1\n", 0), ("a 1\n\nb 2\n", 1),
        ("a 1\nb 2 \n", 1),
    ])
    func aRunStopsAtTheFirstDifference(page: String, expected: Int) throws {
        #expect(matchRun(page, try layout(of: Array("a 1\nb 2\nc 3\n".utf8))).count == expected)
    }

    @Test func droppedSamplesMatchWithoutAValue() {
        var layout = PageLayout()
        for (head, kind) in [("a", PageLayout.Kind.sample), ("b", .droppedSample), ("c", .sample)] {
            Array(head.utf8).withUnsafeBufferPointer { layout.append($0, kind) }
        }
        #expect(matchRun("a 1\nb 2\nc 3\n", layout).values == [1, 3])
        #expect(layout.sampleCount == 2)
        #expect(layout.droppedCount == 1)
        #expect([0, 1, 2, 3].map(layout.samplesBefore) == [0, 1, 1, 2])
    }

    @Test func linesAreFoundByTheirHead() throws {
        let layout = try layout(of: Array("a 1\nb{x=\"1\"} 2\nc 3\n".utf8))
        let index = layout.index()
        for (head, line) in [("a", 0), ("b{x=\"1\"}", 1), ("c", 2), ("d", nil), ("b", nil)] as [(String, Int?)] {
            #expect(Array(head.utf8).withUnsafeBufferPointer { layout.find($0, index) } == line)
        }
    }

    @Test func copiedRangesKeepTheirHeads() throws {
        let layout = try layout(of: Array("a 1\nbb 2\nccc 3\n".utf8))
        var copy = PageLayout()
        Array("x".utf8).withUnsafeBufferPointer { copy.append($0, .sample) }
        copy.append(layout, 1..<3)
        copy.append(layout, 0..<0)
        let heads = (0..<copy.count).map { copy.withHead($0) { String(decoding: $0, as: UTF8.self) } }
        #expect(heads == ["x", "bb", "ccc"])
        #expect(copy.samplesBefore(3) == 3)
    }
}
