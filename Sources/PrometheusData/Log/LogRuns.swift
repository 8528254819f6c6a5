import Model

/// Reads the samples that are in no block yet.
///
/// 1. The write-ahead log, its checkpoint first, is read through for its series and tombstones, because a deletion comes
///    after the samples that it deletes.
/// 2. The chunks of the head are read. The log has their samples too, but not all: Prometheus 3.5 leaves histograms with
///    custom buckets out of checkpoints.
/// 3. The log is read again for its other samples, which are given out whenever a million are collected.
/// 4. The log of what came out of order is read for its samples.
struct LogRuns {
    private enum Stage { case series, headChunks, samples, outOfOrder, done }

    private let files: LogFiles
    private let report: (Damage) -> Void
    private var stage = Stage.series
    private var reader: LogReader
    private var headChunks: HeadChunkReader
    private var series: LogSeries
    private var runs: [SeriesRun] = []
    private var bytesBefore: Int64 = 0
    /// Exemplars that were met; they are not read.
    private(set) var exemplarRecords = 0

    private static let weightMax = 1_000_000

    /// - Parameter minValidTime: samples of the write-ahead log before this time are in blocks.
    init(_ files: LogFiles, minValidTime: Int64, report: @escaping (Damage) -> Void) {
        self.files = files
        self.report = report
        series = LogSeries(minValidTime: minValidTime)
        reader = LogReader(files.checkpoint + files.segments, report: report)
        headChunks = HeadChunkReader(files.headChunks, report: report)
    }

    var metadata: [MetricMetadata] { series.metadata.values.sorted { $0.metric < $1.metric } }
    var bytesRead: Int64 { bytesBefore + reader.bytesRead + headChunks.bytesRead }

    /// The next run of samples, or nil behind the last one. Of one series several may come.
    mutating func next() -> SeriesRun? {
        while runs.isEmpty {
            guard stage != .done else { return nil }
            readMore()
        }
        return runs.popLast()
    }

    private mutating func readMore() {
        if stage == .headChunks { return readHeadChunk() }
        while series.weight < LogRuns.weightMax {
            guard readRecord() else {
                endStage()
                break
            }
        }
        runs = series.takeRuns().reversed()
    }

    private mutating func readHeadChunk() {
        var series = series
        self.series = LogSeries(minValidTime: series.minValidTime)
        defer { self.series = series }
        var run: SeriesRun?
        let isThere = headChunks.next { (chunk, data) throws(FormatError) in run = try series.read(chunk, data) }
        if let run { runs = [run] }
        if !isThere { stage = .samples }
    }

    private mutating func endStage() {
        let unknown = series.takeUnknownCount()
        if unknown > 0 {
            report(
                Damage(
                    file: reader.path, offset: reader.place,
                    reason: "\(unknown) samples are of series that no sound record names; they are left out"))
        }
        bytesBefore += reader.bytesRead
        switch stage {
        case .series:
            // Damage was reported in the first reading.
            reader = LogReader(files.checkpoint + files.segments) { _ in }
            stage = .headChunks
        case .headChunks, .samples:
            reader = LogReader(files.outOfOrder, report: report)
            stage = .outOfOrder
        case .outOfOrder, .done:
            reader = LogReader([]) { _ in }
            stage = .done
        }
    }

    private mutating func readRecord() -> Bool {
        let stage = stage
        var series = series
        self.series = LogSeries(minValidTime: series.minValidTime)
        var exemplars = 0
        defer {
            self.series = series
            exemplarRecords += exemplars
        }
        return reader.next { (bytes) throws(FormatError) in
            var cursor = ByteCursor(bytes)
            guard let type = LogRecordType(rawValue: try cursor.byte()) else {
                if stage == .samples { return }
                throw FormatError(at: 0, "expected a record of a type from 1 to 14, found \(bytes[0])")
            }
            switch (type, stage) {
            case (.series, _): try readSeries(&cursor) { series.add($0, $1) }
            case (.exemplars, .series): exemplars += 1
            case (.tombstones, .series): try readTombstones(&cursor) { series.addTombstone($0, from: $1, to: $2) }
            case (.metadata, .series): try readMetadata(&cursor) { series.addMetadata($0, $1, $2, $3) }
            case (_, .series), (_, .headChunks), (_, .done): break
            case (_, .samples): try LogRuns.readSamples(type, &cursor, { series.add($0, $1) }, { series.add($0, $1) })
            case (_, .outOfOrder):
                try LogRuns.readSamples(
                    type, &cursor, { series.addScattered($0, $1) }, { series.addScattered($0, $1.sum, $1) })
            }
        }
    }

    private static func readSamples(
        _ type: LogRecordType, _ cursor: inout ByteCursor, _ float: (LogSample, Double) -> Void,
        _ histogram: (LogSample, Histogram) -> Void
    ) throws(FormatError) {
        switch type {
        case .samples: try readFloats(&cursor, hasStart: false, float)
        case .samplesWithStart: try readFloats(&cursor, hasStart: true, float)
        case .histograms, .customHistograms:
            try readHistograms(&cursor, isFloat: false, hasStart: false, histogram)
        case .floatHistograms, .customFloatHistograms:
            try readHistograms(&cursor, isFloat: true, hasStart: false, histogram)
        case .histogramsWithStart: try readHistograms(&cursor, isFloat: false, hasStart: true, histogram)
        case .floatHistogramsWithStart: try readHistograms(&cursor, isFloat: true, hasStart: true, histogram)
        case .series, .tombstones, .exemplars, .mmapMarkers, .metadata, .minValidTime: break
        }
    }
}
