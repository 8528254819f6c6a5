import Exposition
import Glibc

/// How fast tsdb's parser passes over pages whose lines are those of the page before.
struct ParseSpeed {
    private let pages: [[UInt8]]
    private let layout: PageLayout

    init(_ pages: ScrapePages) {
        self.pages = pages.answers[0].map { Array(ScrapePages.body($0)) }
        layout = self.pages[0].withUnsafeBufferPointer { ParseSpeed.layout($0) }
    }

    /// The processor time of a sample, the median of rounds of a hundred pages.
    /// - Parameter seconds: for how long to measure.
    func nanosecondsPerSample(seconds: Double) -> Double {
        var rounds: [Double] = []
        var values: [Double] = []
        let end = now() + seconds
        while now() < end || rounds.isEmpty {
            let begun = processorSeconds()
            for round in 0..<100 { read(pages[round % pages.count], &values) }
            rounds.append((processorSeconds() - begun) * 1e9 / Double(100 * layout.sampleCount))
        }
        return percentile(rounds, 0.5)
    }

    private func read(_ page: [UInt8], _ values: inout [Double]) {
        values.removeAll(keepingCapacity: true)
        page.withUnsafeBufferPointer { bytes in
            var parser = TextParser(bytes, format: .text)
            var typeLine = PageLayout.TypeLine.none
            let matched = parser.matchRun(layout, from: 0, &typeLine, into: &values)
            precondition(matched == layout.count, "BUG: line \(matched) of the page is another")
        }
    }

    private static func layout(_ page: UnsafeBufferPointer<UInt8>) -> PageLayout {
        var layout = PageLayout()
        var parser = TextParser(page, format: .text)
        do throws(ExpositionError) {
            while let line = try parser.nextLine() {
                switch line {
                case .comment(let head): layout.append(head, PageLayout.Kind(try parser.metadata(of: head)))
                case .sample(let head):
                    layout.append(head, .sample)
                    _ = try parser.readValue()
                }
            }
        } catch { preconditionFailure("BUG: \(error)") }
        return layout
    }
}

/// What this thread has used of a processor.
private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
