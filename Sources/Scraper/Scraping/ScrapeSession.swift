import Exposition
import Model

/// What is remembered of a target from one scrape to the next: a pure state machine without clock, socket or store.
///
/// 1. `read` compares a page with the one before and gives a draft.
/// 2. The caller resolves the draft's new labels.
/// 3. `succeed` or `fail` gives the series and values to append, staleness markers among them.
struct ScrapeSession: Sendable {
    private(set) var layout = PageLayout()
    /// Of every kept value of `layout` its series, and behind them, once known, the report series.
    private(set) var refs: [SeriesRef] = []
    /// What is made of several lines of `layout`.
    private(set) var links: PageLinks?
    /// The series of the histograms among ``links``.
    private(set) var madeRefs: [SeriesRef] = []
    /// Which of these the last page gave no histogram for, as its lines contradict one another.
    private var unmade: [Int] = []
    /// The places that are no series of their own, in ascending order.
    private(set) var parts: [Range<Int>] = []
    /// The places of samples that repeat a line of the page, in ascending order.
    private(set) var repeated: [Int] = []
    /// Whether the series of `layout` have a sample that is not a staleness marker as their latest.
    private var isLive = false
    /// Series that came with timestamps of their own, and so get no staleness markers.
    private var untracked: Set<SeriesRef> = []
    /// Live series of an earlier configuration's layout.
    private var orphans: [SeriesRef] = []
    /// References of the report series; empty before the first scrape.
    private(set) var reportRefs: [SeriesRef] = []
    /// Whether a page that failed has told of metrics since the last one that did not.
    var wasToldOtherwise = false
    /// The size of the last page in bytes, as an estimate for the next.
    var lastBodyBytes = 0
    /// The timestamp of the last scrape.
    private(set) var lastTimestampMs = Int64.min

    /// What is appended for one scrape.
    struct Outcome {
        var batch: SampleBatch
        /// Samples of the page that were left out because their timestamps lie too far ahead.
        var tooFarAhead = 0
        /// Samples of the page that were left out because it has them before already.
        var repeated = 0
    }

    /// Timestamps of a page may be at most this far ahead of the scrape.
    /// - Source: Prometheus's `maxAheadTime`.
    static let aheadMsMax: Int64 = 10 * 60_000

    /// Reads a page.
    func reader(_ labeller: SampleLabeller, _ settings: PageSettings) -> PageReader {
        var settings = settings
        settings.links = links
        return PageReader(previous: layout, previousRefs: refs, labeller: labeller, settings: settings)
    }

    /// How many of these series the page before did not have.
    func addedCount(_ found: [SeriesRef]) -> Int {
        if found.isEmpty { return 0 }
        var known = Set(refs).union(madeRefs)
        return found.count { known.insert($0).inserted }
    }

    /// Sets the references of the report series, which follow every batch.
    mutating func setReports(_ reports: [SeriesRef]) {
        refs.removeLast(reportRefs.count)
        refs += reports
        reportRefs = reports
    }

    /// Sets the references of the report series where they are others than before: those that are not among them end.
    mutating func changeReports(_ reports: [SeriesRef]) {
        let gone = reportRefs.filter { !reports.contains($0) }
        setReports(reports)
        orphans += gone
    }

    /// Takes a draft over whose new series have these references, and takes its values out of it.
    ///
    /// - Parameters:
    ///   - madeRefs: the references of the draft's histograms that are made of several lines.
    ///   - reports: the values of the report series.
    ///   - tracksTimestamped: whether series with timestamps of their own get staleness markers too.
    mutating func succeed(
        _ draft: inout PageDraft, newRefs: [SeriesRef], madeRefs: [SeriesRef] = [], reports: [Double],
        timestampMs: Int64, tracksTimestamped: Bool
    ) -> Outcome {
        let unmade = draft.made.indices.filter { draft.made[$0] == nil }
        let isAsBefore =
            draft.layout == nil && draft.explicit.isEmpty && untracked.isEmpty && orphans.isEmpty
            && unmade == self.unmade
        let before = isAsBefore ? [] : tracked()
        self.unmade = unmade
        if let layout = draft.layout {
            self.layout = layout
            refs = draft.refs
            for (place, ref) in zip(draft.newAt, newRefs) { refs[place] = ref }
            parts = runs(of: PageDraft.noSeries)
            repeated = layout.repeatedPlaces()
            refs += reportRefs
            links = draft.links
            if !draft.hasLinksOfBefore { self.madeRefs = madeRefs }
        }
        untracked = tracksTimestamped ? [] : untracked(draft)
        orphans = []
        isLive = true
        lastTimestampMs = timestampMs
        let gone = before.isEmpty ? [] : missing(before)
        var outcome = batch(&draft, reports, timestampMs)
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
        (links, madeRefs, unmade) = (nil, [], [])
        (parts, repeated) = ([], [])
        untracked = []
    }

    /// The samples of the page whose series are `forgotten`: their places, references, and labels as the page has them.
    /// What is made of several lines has the places behind those of the lines.
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
        for (index, conversion) in (links?.conversions ?? []).enumerated() where forgotten.contains(madeRefs[index]) {
            found.append((layout.sampleCount + index, madeRefs[index], conversion.exposed))
        }
        return found
    }

    /// Gives the samples of the page at these places other series.
    mutating func replaceRefs(_ replacements: [(place: Int, ref: SeriesRef)]) {
        for (place, ref) in replacements {
            if place < layout.sampleCount { refs[place] = ref } else { madeRefs[place - layout.sampleCount] = ref }
        }
    }

    /// Series that get a staleness marker when they do not come again.
    private func tracked() -> [SeriesRef] {
        guard isLive else { return orphans }
        let samples = refs.dropLast(reportRefs.count) + made
        if untracked.isEmpty, layout.partCount == 0 { return orphans + samples }
        return orphans + samples.filter { $0 != PageDraft.noSeries && !untracked.contains($0) }
    }

    /// Series of the draft, whose references are known, that came with timestamps of their own.
    private func untracked(_ draft: PageDraft) -> Set<SeriesRef> {
        if draft.explicit.isEmpty { return [] }
        let places = Set(draft.explicit.map(\.index))
        var found = Set(places.map { refs[$0] })
        for place in places {
            if let index = links?.conversion(of: place) { found.insert(madeRefs[index]) }
        }
        return found
    }

    /// The series of the histograms that the last page gave.
    private var made: [SeriesRef] {
        if unmade.isEmpty { return madeRefs }
        let without = Set(unmade)
        return madeRefs.indices.filter { !without.contains($0) }.map { madeRefs[$0] }
    }

    /// The places of this reference, one after another.
    private func runs(of ref: SeriesRef) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for place in refs.indices where refs[place] == ref {
            if let last = runs.last, last.upperBound == place {
                runs[runs.count - 1] = last.lowerBound..<place + 1
            } else {
                runs.append(place..<place + 1)
            }
        }
        return runs
    }

    private func missing(_ before: [SeriesRef]) -> [SeriesRef] {
        let now = Set(refs).union(made)
        var seen: Set<SeriesRef> = []
        return before.filter { !now.contains($0) && seen.insert($0).inserted }
    }
}
