import Exposition
import Model
import TSDB

#if canImport(Glibc)
import Glibc
#endif

/// Imports a page of metrics of any length, with a timestamp on each line.
///
/// - Source: what `promtool tsdb create-blocks-from openmetrics` accepts: timestamps, and `# EOF` at the end of
///   OpenMetrics.
final class TextImport {
    private let path: String
    private let reader: LineReader
    private let run: ImportRun
    private let format: ExpositionFormat

    private var type = MetricMetadata.MetricType.unknown
    private var linesBefore = 0
    private var hasEnded = false
    private var metadata: [String: MetricMetadata] = [:]

    /// The series that were met since the last time that samples were handed on.
    private var series: [TextSeries] = []
    /// By the hash of a line's name and labels.
    private var slots: [UInt64: Int] = [:]
    private var current = 0
    private var sampleCount = 0
    /// Runs of samples that later ones of their series are older than.
    private var older: [(labels: Labels, samples: SampleBuffer)] = []

    /// What is collected at most, in samples; a series takes the memory of some sixteen more.
    private static let weightMax = 1_000_000
    private static let seriesWeight = 16
    private static let metadataMax = 100_000

    /// - Parameter format: nil where the text shall tell.
    init(_ path: String, _ format: ExpositionFormat?, _ run: ImportRun) throws(CommandFailure) {
        self.path = path
        self.run = run
        reader = try LineReader(path)
        self.format = if let format { format } else { TextImport.guessFormat(try reader.peek()) }
    }

    func read() throws {
        do throws(ExpositionError) {
            while let lines = try nextLines() {
                try lines.withUnsafeBufferPointer { (page) throws(ExpositionError) in try readPart(page) }
                linesBefore += lines.count { $0 == UInt8(ascii: "\n") }
            }
            if format == .openMetrics, !hasEnded {
                throw ExpositionError(
                    line: linesBefore + 1, column: 1,
                    reason: "data does not end with # EOF; the file may be cut off")
            }
        } catch {
            try handOn()
            throw CommandFailure("\(path), \(error)")
        }
        try handOn()
        run.metadata += metadata.values
    }
}

/// A series as lines write it.
private struct TextSeries {
    /// The text of its name and labels.
    var head: [UInt8]
    var labels: Labels
    var samples: SampleBuffer

    func hasHead(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        head.count == other.count
            && head.withUnsafeBytes { head in
                head.isEmpty || memcmp(head.baseAddress!, other.baseAddress!, head.count) == 0
            }
    }
}

extension TextImport {
    private func nextLines() throws(ExpositionError) -> [UInt8]? {
        do throws(CommandFailure) {
            return try reader.next()
        } catch {
            throw ExpositionError(line: linesBefore + 1, column: 1, reason: "\(error)")
        }
    }

    private func readPart(_ page: UnsafeBufferPointer<UInt8>) throws(ExpositionError) {
        var parser = TextParser(page, format: format)
        parser.goesOn = true
        parser.linesBefore = linesBefore
        parser.type = type
        while let line = try parser.nextLine() {
            guard !hasEnded else {
                throw ExpositionError(line: linesBefore + 1, column: 1, reason: "unexpected data after # EOF")
            }
            switch line {
            case .comment(let comment): note(try parser.metadata(of: comment))
            case .sample(let head):
                try select(head, &parser)
                let sample = try parser.readTimedValue()
                add(sample.timestamp, sample.value)
            }
        }
        hasEnded = hasEnded || parser.hasEnded
        type = parser.type
        let weight = sampleCount + (series.count + older.count) * TextImport.seriesWeight
        if weight >= TextImport.weightMax { try handOnOrFail() }
        run.progress.show(done: reader.bytesRead, total: reader.byteCount)
    }

    /// Makes the series with this text the current one.
    private func select(_ head: UnsafeBufferPointer<UInt8>, _ parser: inout TextParser) throws(ExpositionError) {
        if current < series.count, series[current].hasHead(head) { return }
        let hash = tableHash(head)
        if let slot = slots[hash], series[slot].hasHead(head) {
            current = slot
            return
        }
        let labels = Labels(try parser.labels(of: head).lazy.map { (name: $0.name, value: $0.value) })
        current = series.count
        slots[hash] = current
        series.append(TextSeries(head: Array(head), labels: labels, samples: SampleBuffer(capacity: 16)))
    }

    /// Adds a sample to the current series.
    private func add(_ time: Int64, _ value: Double) {
        let samples = series[current].samples
        if samples.count > 0, time <= samples.timestamps[samples.count - 1] {
            if time == samples.timestamps[samples.count - 1] { return run.batcher.addDuplicates(1) }
            // Out of order: a run of its own.
            let own = SampleBuffer(capacity: 16)
            older.append((series[current].labels, samples))
            series[current].samples = own
            own.append(time, value)
        } else {
            samples.append(time, value)
        }
        sampleCount += 1
    }

    private func handOnOrFail() throws(ExpositionError) {
        do throws(StorageError) {
            try handOn()
        } catch {
            throw ExpositionError(line: linesBefore + 1, column: 1, reason: "\(error)")
        }
    }

    /// Gives what was read to the database.
    private func handOn() throws(StorageError) {
        for one in older { try run.batcher.add(one.labels, one.samples) }
        for one in series { try run.batcher.add(one.labels, one.samples) }
        older = []
        series = []
        slots = [:]
        (current, sampleCount) = (0, 0)
        try run.batcher.flush()
    }

    private func note(_ line: MetadataLine?) {
        guard let line, metadata.count < TextImport.metadataMax || metadata[line.metric] != nil else { return }
        metadata.note(line)
    }

    /// What a text looks like: the first timestamp is in seconds or in milliseconds.
    static func guessFormat(_ beginning: ArraySlice<UInt8>) -> ExpositionFormat {
        for line in beginning.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            guard let space = line.lastIndex(of: UInt8(ascii: " ")) else { continue }
            let last = String(decoding: line[(space + 1)...], as: UTF8.self)
            // Milliseconds of this size began in 1973; seconds of this size are of the year 5138.
            if let number = Int64(last), number.magnitude >= 100_000_000_000 { return .text }
            return .openMetrics
        }
        return .openMetrics
    }
}
