import Model
import TSDB

/// How exported samples are written.
protocol ExportWriter {
    /// Appends what comes before all samples.
    mutating func begin(_ text: inout [UInt8])
    /// Appends samples of one series, in order of time.
    mutating func write(_ labels: Labels, _ samples: SampleBuffer, _ range: Range<Int>, _ text: inout [UInt8])
    /// Appends what comes behind all samples.
    mutating func end(_ text: inout [UInt8])
    /// What was left out, for the person.
    var notice: String? { get }
}

/// Reads a database, a series after the other; where it reaches far back, a month after the other.
struct ExportRun {
    private let database: Database
    private let selectors: [[Matcher]]
    private let range: ClosedRange<Int64>

    /// What is read of a series at once: a month of a sample a second takes 43 MB.
    private static let sliceMs: Int64 = 32 * 86_400_000
    /// Samples that are made text of at once.
    private static let pieceSamples = 10_000

    init(_ database: Database, selectors: [[Matcher]], range: ClosedRange<Int64>) {
        self.database = database
        self.selectors = selectors
        self.range = range
    }

    func write(_ writer: some ExportWriter, to file: OutputFile) throws {
        var writer = writer
        var text: [UInt8] = []
        writer.begin(&text)
        for slice in slices() {
            let querier = try database.querier(minTime: slice.lowerBound, maxTime: slice.upperBound)
            defer { querier.close() }
            for index in selectors.indices {
                try write(index, slice, querier, &writer, &text, file)
            }
        }
        writer.end(&text)
        try file.write(&text)
        if let notice = writer.notice { writeToStandardError("tsdb: \(notice)\n") }
    }

    private func write(
        _ selector: Int, _ slice: ClosedRange<Int64>, _ querier: any Querier, _ writer: inout some ExportWriter,
        _ text: inout [UInt8], _ file: OutputFile
    ) throws {
        let hints = SelectHints(minTime: slice.lowerBound, maxTime: slice.upperBound)
        let series = try querier.select(selectors[selector], hints: hints)
        let samples = SampleBuffer()
        for index in 0..<series.count {
            let labels = series.labels(index)
            // What an earlier selector selects is written already.
            if selectors[..<selector].contains(where: { $0.allSatisfy { $0.matches(labels[$0.name] ?? "") } }) {
                continue
            }
            samples.removeAll()
            try series.read(index, into: samples)
            var start = 0
            while start < samples.count {
                let piece = start..<min(start + ExportRun.pieceSamples, samples.count)
                writer.write(labels, samples, piece, &text)
                try file.write(&text)
                start = piece.upperBound
            }
        }
    }

    /// The range in pieces, the first and the last one as far as the range reaches.
    private func slices() -> [ClosedRange<Int64>] {
        let stats = database.stats()
        let oldest = [stats.blockMinTime, stats.headMinTime].compactMap { $0 }.min() ?? 0
        let last = min(range.upperBound, SystemClock().nowMs())
        var slices: [ClosedRange<Int64>] = []
        var start = range.lowerBound
        var border = max(range.lowerBound, oldest) &+ ExportRun.sliceMs
        while border > start, border < last {
            slices.append(start...border - 1)
            start = border
            border += ExportRun.sliceMs
        }
        return slices + [start...range.upperBound]
    }
}
