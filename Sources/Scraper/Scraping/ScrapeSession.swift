import Exposition
import Model

/// What is remembered of a target from one scrape to the next: a pure state machine without clock, socket or store.
///
/// 1. `read` compares a page with the one before and gives a draft.
/// 2. The caller resolves the draft's new labels.
/// 3. `succeed` or `fail` gives the series and values to append, staleness markers among them.
struct ScrapeSession: Sendable {
    private var layout = PageLayout()
    /// Of every kept sample of `layout` its series, and behind them, once known, the report series.
    private var refs: [SeriesRef] = []
    /// Whether the series of `layout` have a sample that is not a staleness marker as their latest.
    private var isLive = false
    /// Series that came with timestamps of their own, and so get no staleness markers.
    private var untracked: Set<SeriesRef> = []
    /// Live series of an earlier configuration's layout.
    private var orphans: [SeriesRef] = []
    /// References of the report series; empty before the first scrape.
    private(set) var reportRefs: [SeriesRef] = []
    /// The size of the last page in bytes, as an estimate for the next.
    var lastBodyBytes = 0
    /// The timestamp of the last scrape.
    private(set) var lastTimestampMs = Int64.min

    /// What is appended for one scrape.
    struct Outcome {
        var batch: SampleBatch
        /// Samples of the page that were left out because their timestamps lie too far ahead.
        var tooFarAhead = 0
    }

    /// Timestamps of a page may be at most this far ahead of the scrape.
    /// - Source: Prometheus's `maxAheadTime`.
    static let aheadMsMax: Int64 = 10 * 60_000

    /// Reads a page.
    func reader(_ labeller: SampleLabeller, honorTimestamps: Bool) -> PageReader {
        PageReader(
            previous: layout, previousRefs: refs, labeller: labeller, honorTimestamps: honorTimestamps)
    }

    /// The layout's lines: how many samples came, and how many relabelling dropped.
    var sampleCounts: (kept: Int, dropped: Int) { (layout.sampleCount, layout.droppedCount) }

    /// Sets the references of the report series, which follow every batch.
    mutating func setReports(_ reports: [SeriesRef]) {
        refs.removeLast(reportRefs.count)
        refs += reports
        reportRefs = reports
    }

    /// Takes a draft over whose new series have these references, and takes its values out of it.
    ///
    /// - Parameters:
    ///   - reports: the values of the report series.
    ///   - tracksTimestamped: whether series with timestamps of their own get staleness markers too.
    mutating func succeed(
        _ draft: inout PageDraft, newRefs: [SeriesRef], reports: [Double], timestampMs: Int64, tracksTimestamped: Bool
    ) -> Outcome {
        let before =
            draft.layout == nil && draft.explicit.isEmpty && untracked.isEmpty && orphans.isEmpty ? [] : tracked()
        if let layout = draft.layout {
            self.layout = layout
            refs = draft.refs
            for (place, ref) in zip(draft.newAt, newRefs) { refs[place] = ref }
            refs += reportRefs
        }
        untracked = tracksTimestamped ? [] : Set(draft.explicit.map { refs[$0.index] })
        orphans = []
        isLive = true
        lastTimestampMs = timestampMs
        let gone = before.isEmpty ? [] : missing(before)
        // Moved out, so that the reports go into the spare room and nothing is copied.
        var values: [Double] = []
        swap(&values, &draft.values)
        values += reports
        var outcome = Outcome(batch: SampleBatch(refs: refs, timestamps: [timestampMs], values: values))
        if !draft.explicit.isEmpty { outcome.apply(draft.explicit, scrapeMs: timestampMs) }
        outcome.batch.appendMarkers(gone, timestampMs)
        return outcome
    }

    /// Takes a failed scrape: all live series end.
    mutating func fail(reports: [Double], timestampMs: Int64) -> Outcome {
        let ended = tracked()
        isLive = false
        orphans = []
        lastTimestampMs = timestampMs
        var batch = SampleBatch(refs: reportRefs, timestamps: [timestampMs], values: reports)
        batch.appendMarkers(ended, timestampMs)
        return Outcome(batch: batch)
    }

    /// The staleness markers for everything live, the report series included; nil where nothing is.
    mutating func end(timestampMs: Int64) -> SampleBatch? {
        let ended = tracked() + reportRefs
        guard !ended.isEmpty else { return nil }
        self = ScrapeSession()
        var batch = SampleBatch(refs: [], timestamps: [timestampMs], values: [])
        batch.appendMarkers(ended, timestampMs)
        return batch
    }

    /// Forgets the page's lines but not which series are live, so that the next page is read anew under other rules.
    mutating func invalidateLines() {
        orphans = tracked()
        isLive = false
        layout = PageLayout()
        refs = reportRefs
        untracked = []
    }

    /// The samples of the page whose series are `forgotten`: their places, references, and labels as the page has them.
    func exposedLabels(of forgotten: Set<SeriesRef>) -> [(place: Int, ref: SeriesRef, labels: [Label])] {
        var found: [(place: Int, ref: SeriesRef, labels: [Label])] = []
        var type = MetricMetadata.MetricType.unknown
        for line in 0..<layout.count {
            let kind = layout.kind(line)
            type = kind.metricType ?? type
            let place = layout.samplesBefore(line)
            guard kind == .sample, forgotten.contains(refs[place]) else { continue }
            let labels = layout.withHead(line) { head in
                var parser = TextParser(head, format: .text)
                parser.type = type
                return try? parser.labels(of: head)
            }
            if let labels { found.append((place, refs[place], labels)) }
        }
        return found
    }

    /// Gives the samples of the page at these places other series.
    mutating func replaceRefs(_ replacements: [(place: Int, ref: SeriesRef)]) {
        for (place, ref) in replacements where place < layout.sampleCount { refs[place] = ref }
    }

    /// Series that get a staleness marker when they do not come again.
    private func tracked() -> [SeriesRef] {
        guard isLive else { return orphans }
        let samples = refs.dropLast(reportRefs.count)
        return orphans + (untracked.isEmpty ? Array(samples) : samples.filter { !untracked.contains($0) })
    }

    private func missing(_ before: [SeriesRef]) -> [SeriesRef] {
        let now = Set(refs)
        var seen: Set<SeriesRef> = []
        return before.filter { !now.contains($0) && seen.insert($0).inserted }
    }
}

extension ScrapeSession.Outcome {
    /// Puts samples' own timestamps in place, and leaves those out that are too far ahead.
    fileprivate mutating func apply(_ explicit: [(index: Int, timestampMs: Int64)], scrapeMs: Int64) {
        batch.timestamps = Array(repeating: scrapeMs, count: batch.refs.count)
        let latestMs = scrapeMs + ScrapeSession.aheadMsMax
        for sample in explicit { batch.timestamps[sample.index] = sample.timestampMs }
        for sample in explicit.reversed() where sample.timestampMs > latestMs {
            batch.refs.remove(at: sample.index)
            batch.values.remove(at: sample.index)
            batch.timestamps.remove(at: sample.index)
            tooFarAhead += 1
        }
    }
}

extension SampleBatch {
    fileprivate mutating func appendMarkers(_ series: [SeriesRef], _ timestampMs: Int64) {
        guard !series.isEmpty else { return }
        if timestamps.count == refs.count, timestamps.count != 1 || timestamps[0] != timestampMs {
            timestamps += Array(repeating: timestampMs, count: series.count)
        }
        refs += series
        values += Array(repeating: StaleMarker.value, count: series.count)
    }
}
