import CSQLiteHost
import Model
import TSDB

/// The table `samples`: a row per sample.
final class SamplesTable: SelectingTable {
    // The columns that are given row after row; the time in milliseconds follows the labels.
    static let timestampColumn = 0
    static let timeColumn = 1
    static let metricColumn = 2
    static let valueColumn = 3
    static let labelColumns = 4

    init(source: Source, snapshot: Snapshot) throws {
        let labels = LabelColumns(try snapshot.labelNames())
        let visible: [Column] =
            [.time(.seconds), .time(.text), .metric, .value] + labels.labels.indices.map { .label($0) }
        let hidden: [Column] = [.time(.milliseconds), .series, .labels, .histogram, .stale]
        let labelText = labels.columns.map { ", \(identifier($0)) TEXT" }.joined()
        super.init(
            source: source, labels: labels, columns: visible + hidden,
            declaration: """
                CREATE TABLE x (ts REAL, time TEXT, metric TEXT, value REAL\(labelText), ms INTEGER HIDDEN,
                    series INTEGER HIDDEN, labels TEXT HIDDEN, histogram TEXT HIDDEN, stale INTEGER HIDDEN,
                    PRIMARY KEY (series, ms)) WITHOUT ROWID
                """,
            isOfSamples: true, stats: snapshot.database.stats())
    }

    override func makeCursor() throws -> Cursor { try SamplesCursor(self) }
}

/// Goes through samples, one series after another, of which it holds one at a time.
final class SamplesCursor: Cursor {
    private let table: SamplesTable
    /// The place of each label's value in `spans`, the metric's name last.
    private let labelIndices: [String: Int]
    private var series: SelectedSeries?
    private var position = -1
    private let buffer = SampleBuffer()
    private var interruptions = 0
    /// Which of the buffer's histograms is the first at the row or after it.
    private var histogram = 0
    private var number: Int64?
    // SAFETY: owned by this object; `text` holds a series' values, `spans` point into it. Both change with the series only,
    // while SQLite has copied what it was given.
    private let spans: UnsafeMutablePointer<host_span>
    private var text: UnsafeMutablePointer<CChar>?

    init(_ table: SamplesTable) throws {
        self.table = table
        let names = table.labels.labels + [Labels.metricNameLabel]
        labelIndices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        spans = .allocate(capacity: names.count)
        spans.initialize(repeating: host_span(), count: names.count)
        try super.init(table.source)
    }

    deinit {
        series?.querier.close()
        spans.deallocate()
        text?.deallocate()
    }

    override func filter(_ plan: Plan, _ values: [HostValue], _ row: UnsafeMutablePointer<host_cursor>) throws {
        interruptions = snapshot.activity.interruptionCount
        series?.querier.close()
        series = nil
        position = -1
        row.pointee.is_samples = true
        row.pointee.labels = spans
        row.pointee.label_count = Int32(table.labels.labels.count)
        row.pointee.index = 0
        row.pointee.count = 0
        let selection = try Selection(plan, values, columns: table.labels, snapshot: snapshot)
        if selection.isNothing { return }
        row.pointee.shows_stale = selection.showsStale
        series = try SelectedSeries(selection, plan, snapshot)
        try next(row)
    }

    /// Goes to the first row of the next series that has one.
    override func next(_ row: UnsafeMutablePointer<host_cursor>) throws {
        guard let series else { return }
        while position + 1 < series.count {
            position += 1
            if snapshot.activity.interruptionCount != interruptions { throw SQLError("interrupted") }
            try series.read(position, into: buffer)
            snapshot.activity.count(buffer.count)
            row.pointee.timestamps = UnsafePointer(buffer.timestamps)
            row.pointee.values = UnsafePointer(buffer.values)
            row.pointee.count = Int64(buffer.count)
            row.pointee.has_labels = false
            row.pointee.index = -1
            number = nil
            histogram = 0
            row.pointee.next_histogram = buffer.histograms.first.map { Int64($0.index) } ?? .max
            advanceSample(row)
            if row.pointee.index < row.pointee.count { return }
        }
        row.pointee.index = row.pointee.count
    }

    /// Makes the row's histogram known again after the row has gone beyond the last one.
    func findHistogram(_ row: UnsafeMutablePointer<host_cursor>) {
        while histogram < buffer.histograms.count, buffer.histograms[histogram].index < row.pointee.index {
            histogram += 1
        }
        row.pointee.next_histogram =
            histogram < buffer.histograms.count ? Int64(buffer.histograms[histogram].index) : .max
    }

    override func give(_ column: Int, _ row: UnsafeMutablePointer<host_cursor>, to context: OpaquePointer?) {
        let index = Int(row.pointee.index)
        switch table.columns[column] {
        case .series:
            if number == nil { number = seriesNumber(currentLabels) }
            host_result_int64(context, number!)
        case .labels: giveJSON(labelsJSON(currentLabels), to: context)
        case .stale: host_result_int64(context, StaleMarker.isStale(row.pointee.values[index]) ? 1 : 0)
        case .histogram:
            if row.pointee.next_histogram < index { findHistogram(row) }
            guard row.pointee.next_histogram == index else { return host_result_null(context) }
            giveJSON(histogramJSON(buffer.histograms[histogram].histogram), to: context)
        default: host_result_null(context)
        }
    }

    private var currentLabels: Labels { series?.labels(position) ?? .empty }

    /// Makes the values of the series' labels ready to be given row after row.
    func loadLabels(_ row: UnsafeMutablePointer<host_cursor>) {
        row.pointee.has_labels = true
        text?.deallocate()
        let labels = currentLabels
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, labels.encoded.count))
        text = copy
        spans.update(repeating: host_span(), count: labelIndices.count)
        var used = 0
        for label in labels {
            guard let index = labelIndices[label.name] else { continue }
            var value = label.value
            value.withUTF8 { bytes in
                for (offset, byte) in bytes.enumerated() { copy[used + offset] = CChar(bitPattern: byte) }
                spans[index] = host_span(text: copy + used, length: bytes.count)
                used += bytes.count
            }
        }
    }
}

func giveJSON(_ json: [UInt8], to context: OpaquePointer?) {
    json.withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { host_result_text(context, $0.baseAddress, $0.count) }
    }
}

/// Goes to the next sample of the series that is a row; to its end where there is none.
@inline(__always)
func advanceSample(_ row: UnsafeMutablePointer<host_cursor>) {
    var index = row.pointee.index + 1
    if !row.pointee.shows_stale {
        while index < row.pointee.count, StaleMarker.isStale(row.pointee.values[Int(index)]) { index += 1 }
    }
    row.pointee.index = index
}
