import Model

/// Reads a block's samples, window of time after window of time, and in each series after series.
///
/// A block may reach over weeks; a store takes what is of one time in one piece.
struct BlockRuns {
    private let path: String
    private let index: BlockIndex
    private var chunks: ChunkFiles
    private let tombstones: Tombstones
    private let report: (Damage) -> Void

    private var reader: SeriesReader
    private var series = IndexedSeries()
    private var window: ClosedRange<Int64>?
    /// The earliest time behind the window that was met.
    private var nextTime: Int64?
    private(set) var bytesRead: Int64 = 0

    /// - Parameter report: is told of what is damaged and left out.
    /// - Throws: where nothing of the block can be read.
    init(_ path: String, report: @escaping (Damage) -> Void) throws(FormatErrorIn) {
        self.path = path
        self.report = report
        index = try inFile(path + "/index") { (path) throws(FormatError) in try BlockIndex(path) }
        tombstones = BlockRuns.readTombstones(path + "/tombstones", report)
        chunks = ChunkFiles(path + "/chunks", report: report)
        reader = SeriesReader(index)
    }

    /// What was deleted; where that cannot be read, the samples are worth more than their deletion.
    private static func readTombstones(_ path: String, _ report: (Damage) -> Void) -> Tombstones {
        do throws(FormatError) {
            return try Tombstones(path)
        } catch {
            report(Damage(file: path, offset: error.offset, reason: "\(error.reason); what was deleted comes back"))
            return Tombstones()
        }
    }

    /// The next run of samples, or nil behind the last one.
    mutating func next() -> SeriesRun? {
        if window == nil {
            guard let first = firstTime() else { return nil }
            window = timeWindow(around: first)
        }
        while let window {
            while readSeries(reportsDamage: false) {
                if let run = run(window) { return run }
            }
            self.window = nextTime.map { timeWindow(around: $0) }
            nextTime = nil
            reader = SeriesReader(index)
        }
        return nil
    }

    /// Looks through all series; the time of the earliest chunk.
    private mutating func firstTime() -> Int64? {
        var first: Int64?
        while readSeries(reportsDamage: true) {
            if let chunk = series.chunks.first { first = min(first ?? chunk.minTime, chunk.minTime) }
        }
        reader = SeriesReader(index)
        return first
    }

    /// Reads the next sound series.
    private mutating func readSeries(reportsDamage: Bool) -> Bool {
        var isSuccessor = false
        while true {
            do throws(FormatError) {
                return try reader.next(&series)
            } catch {
                // What follows a damaged length is mostly no series either.
                if reportsDamage, !isSuccessor {
                    report(
                        Damage(
                            file: path + "/index", offset: error.offset,
                            reason: "\(error.reason); the series is left out"))
                }
                isSuccessor = true
            }
        }
    }

    /// The samples of the series in `window`, or nil where it has none.
    private mutating func run(_ window: ClosedRange<Int64>) -> SeriesRun? {
        var samples: SampleBuffer?
        for chunk in series.chunks where chunk.maxTime >= window.lowerBound {
            guard chunk.minTime <= window.upperBound else {
                noteNext(chunk.minTime)
                break
            }
            let buffer = samples ?? SampleBuffer(capacity: 128)
            samples = buffer
            read(chunk, window, buffer)
        }
        guard let samples, samples.count > 0 else { return nil }
        do throws(FormatError) {
            return SeriesRun(labels: try series.makeLabels(index.symbols), samples: samples)
        } catch {
            report(Damage(file: path + "/index", offset: 0, reason: "\(error.reason); the series is left out"))
            return nil
        }
    }

    private mutating func read(_ chunk: IndexedChunk, _ window: ClosedRange<Int64>, _ buffer: SampleBuffer) {
        let count = buffer.count
        var sink = ChunkSink(buffer: buffer, range: window, deleted: tombstones[series.reference])
        // A chunk that reaches over several windows is counted, or reported, in the first one.
        let isFirst = chunk.minTime >= window.lowerBound
        do throws(Damage) {
            let bytes = try chunks.withChunk(chunk.place) { (encoding, data) throws(FormatError) in
                try decodeChunk(encoding, data, &sink)
            }
            if isFirst { bytesRead += Int64(bytes ?? 0) }
            if let time = sink.nextTime { noteNext(time) }
        } catch {
            buffer.removeSamples(from: count)
            if isFirst {
                report(Damage(file: error.file, offset: error.offset, reason: "\(error.reason); the chunk is left out"))
            }
        }
    }

    private mutating func noteNext(_ time: Int64) { nextTime = min(nextTime ?? time, time) }
}

/// The two hours around a time, which are a block of Prometheus and of this program.
func timeWindow(around time: Int64) -> ClosedRange<Int64> {
    let length: Int64 = 2 * 3_600_000
    let rest = (time % length + length) % length
    let first = time.subtractingReportingOverflow(rest)
    let start = first.overflow ? Int64.min : first.partialValue
    let last = start.addingReportingOverflow(length - 1)
    return start...(last.overflow ? Int64.max : last.partialValue)
}

extension SampleBuffer {
    /// Removes the samples from index `start` on.
    func removeSamples(from start: Int) {
        count = start
        histograms.removeAll { $0.index >= start }
        startTimes.removeAll { $0.index >= start }
    }
}

/// What is wrong with a file.
struct FormatErrorIn: Error {
    let file: String
    let error: FormatError
}

/// Calls `body` with a path; errors name it.
func inFile<Value>(
    _ path: String, _ body: (String) throws(FormatError) -> Value
) throws(FormatErrorIn) -> Value {
    do throws(FormatError) { return try body(path) } catch { throw FormatErrorIn(file: path, error: error) }
}
