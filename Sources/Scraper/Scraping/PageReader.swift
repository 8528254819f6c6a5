import Exposition
import Model

/// Reads a page against the lines of the page before.
struct PageReader {
    private(set) var previous: PageLayout
    /// Of every kept value of `previous` its series.
    private var previousRefs: [SeriesRef]
    let labeller: SampleLabeller
    let settings: PageSettings

    var draft = PageDraft()
    /// The line of `previous` that is expected next.
    private var position = 0
    private var index: PageLayout.Index?
    /// Which TYPE line of `previous` is in force.
    private var typeLine = PageLayout.TypeLine.none
    /// The name of the histogram whose lines are being read, as far as the new layout's first `scanned` lines tell.
    private var histogram = ""
    private var scanned = 0
    private var format = ExpositionFormat.text
    /// How many lines, or metrics, were read that are not those of the page before.
    private var linesRead = 0
    /// Whether lines were read that the page before does not have, and that others may be linked with.
    private var hasNewLinks = false
    /// Whether comments were read that the page before does not have.
    private var hasNewComments = false
    /// Whether a sample was read whose labels are refused, with which reading ends.
    private var hasBadLabels = false
    /// What is wrong with the page's histograms, told when all of it was read.
    var histogramFailure: ScrapeFailure?

    init(previous: PageLayout, previousRefs: [SeriesRef], labeller: SampleLabeller, settings: PageSettings) {
        self.previous = previous
        self.previousRefs = previousRefs
        self.labeller = labeller
        self.settings = settings
        // Some room for what goes with the page's own samples into one batch.
        draft.values.reserveCapacity(previous.sampleCount + 16)
    }

    /// Reads all of `page`; `draft` holds what was read also after an error.
    mutating func read(_ page: UnsafeBufferPointer<UInt8>, _ format: ExpositionFormat) throws(ScrapeFailure) {
        self.format = format
        if previous.format != format {
            // The same lines may say something else.
            (previous, previousRefs) = (PageLayout(format), [])
            startLayout()
        }
        do {
            if format == .protobuf {
                try readProtobuf(UnsafeRawBufferPointer(page))
            } else {
                try readText(page, format)
            }
        } catch {
            startLayout()
            throw error as? ScrapeFailure ?? ScrapeFailure(message: "\(error)")
        }
        if position < previous.count { startLayout() }
        try link(format)
        if let histogramFailure { throw histogramFailure }
        try convert()
    }

    private var links: PageLinks? { draft.layout == nil ? settings.links : draft.links }

    /// Makes the histograms that are made of lines, which have a limit as those that come as such.
    private mutating func convert() throws(ScrapeFailure) {
        guard let conversions = links?.conversions, !conversions.isEmpty else { return }
        draft.made = conversions.map { $0.histogram(draft.values) }
        guard settings.bucketsMax > 0 else { return }
        for histogram in draft.made where (histogram?.positiveBuckets.count ?? 0) > settings.bucketsMax {
            // Custom buckets cannot be made wider.
            throw .overBucketLimit
        }
    }

    /// Finds what is made of several lines of a new layout.
    private mutating func link(_ format: ExpositionFormat) throws(ScrapeFailure) {
        guard let layout = draft.layout, format != .protobuf else { return }
        if !hasNewLinks {
            draft.links = settings.links?.moved(draft.kept, sampleCount: layout.sampleCount)
            draft.hasLinksOfBefore = draft.links != nil
            if draft.hasLinksOfBefore || settings.links == nil { return }
        }
        draft.links = PageLinks(
            layout, converts: settings.histograms.convertsClassic, hasCreated: format == .openMetrics)
        draft.madeLabels = try draft.links?.label(labeller) ?? []
    }

    private mutating func readText(_ page: UnsafeBufferPointer<UInt8>, _ format: ExpositionFormat) throws {
        var parser = TextParser(page, format: format)
        while true {
            let matched = parser.matchRun(previous, from: position, &typeLine, into: &draft.values)
            keep(position..<position + matched)
            position += matched
            guard let line = try parser.nextLine() else { return }
            try checkTime()
            switch line {
            case .comment(let head): try readComment(head, &parser)
            case .sample(let head): try readSample(head, &parser)
            }
        }
    }

    private mutating func readComment(_ head: UnsafeBufferPointer<UInt8>, _ parser: inout TextParser) throws {
        // Others are not kept: a page may be full of them.
        guard parser.isMetadata(head) else { return }
        if let known = find(head) {
            parser.noteType(previous.kind(known))
            takeLine(known)
            return
        }
        appendComment(head, try parser.metadata(of: head))
    }

    mutating func appendComment(_ head: UnsafeBufferPointer<UInt8>, _ metadata: MetadataLine?) {
        hasNewComments = true
        appendNew(head, PageLayout.Kind(metadata))
    }

    /// What the page says of metrics; nil where that is what the page before said.
    var metadata: [MetadataLine]? {
        guard let layout = draft.layout, hasNewComments || layout.commentCount != previous.commentCount else {
            return nil
        }
        return layout.metadata
    }

    private mutating func readSample(_ head: UnsafeBufferPointer<UInt8>, _ parser: inout TextParser) throws {
        if let known = findSample(head) {
            let value = try parser.readValue()
            let kind = previous.kind(known)
            takeLine(known)
            if kind != .droppedSample { append(value, parser.exemplar) }
            return
        }
        let exposed = try labels(of: head, parser)
        let value = try parser.readValue()
        if try appendUnknown(head, exposed, isPart(exposed)) { append(value, parser.exemplar) }
    }

    /// The labels of a sample that the page before does not have.
    mutating func labels(
        of head: UnsafeBufferPointer<UInt8>, _ parser: TextParser
    ) throws(ExpositionError) -> [Label] {
        do {
            return try parser.labels(of: head)
        } catch {
            hasBadLabels = error.isOfLabels
            throw error
        }
    }

    /// - Throws: where reading takes too long, or the server stops; looks at the clock now and then only.
    mutating func checkTime() throws(ScrapeFailure) {
        linesRead += 1
        guard linesRead % 1024 == 0 else { return }
        if settings.threads?.isOver == true { throw .stopped }
        guard monotonicNs() > settings.endNs else { return }
        throw ScrapeFailure(message: "the page could not be read in time: \(linesRead) lines are not as before")
    }

    /// Whether a line's series is not stored, because a histogram with custom buckets is made of it.
    private mutating func isPart(_ exposed: [Label]) -> Bool {
        guard settings.histograms.convertsClassic else { return false }
        startLayout()
        while let layout = draft.layout, scanned < layout.count {
            if layout.kind(scanned).metricType != nil {
                let family = layout.withHead(scanned) { PageLinks.family($0) }
                histogram = family.type == .histogram ? family.name : ""
            }
            scanned += 1
        }
        guard !histogram.isEmpty, let part = PageLinks.Part(exposed, of: histogram) else { return false }
        return part == .created ? format == .openMetrics : !settings.histograms.takesClassicToo
    }

    /// Takes a line up that the page before did not have, and returns whether its value is kept.
    mutating func appendUnknown(
        _ head: UnsafeBufferPointer<UInt8>, _ exposed: [Label], _ isPart: Bool
    ) throws(ScrapeFailure) -> Bool {
        if isPart {
            appendNew(head, .part)
            draft.refs.append(PageDraft.noSeries)
            return true
        }
        hasBadLabels = true
        guard let labels = try labeller.series(exposed) else {
            hasBadLabels = false
            appendNew(head, .droppedSample)
            return false
        }
        hasBadLabels = false
        appendNew(head, .sample)
        draft.newAt.append(draft.refs.count)
        draft.newLabels.append(labels)
        draft.refs.append(PageDraft.noSeries)
        return true
    }

    private mutating func append(_ value: TextParser.Value, _ exemplar: ExposedExemplar?) {
        if settings.honorTimestamps, let timestamp = value.timestamp {
            draft.explicit.append((draft.values.count, timestamp))
        }
        if let exemplar, exemplar.canBeStored { draft.exemplars.append((draft.values.count, exemplar)) }
        draft.values.append(value.value)
    }

    /// How many samples were read, and how many of them relabelling kept.
    var counts: (scraped: Int, kept: Int) {
        let layout = draft.layout ?? previous
        // What is made of parts counts, not they.
        let kept = max(draft.values.count - layout.partCount, 0) + draft.made.count { $0 != nil }
        return (kept + layout.droppedCount + (links?.droppedCount ?? 0) + (hasBadLabels ? 1 : 0), kept)
    }

    /// How many of the samples that relabelling kept repeat a line of the page.
    var repeatedCount: Int { draft.undated((draft.layout ?? previous).repeatedPlaces()).count }

    /// The line of the page before with this head; most often the one that is expected.
    mutating func find(_ head: UnsafeBufferPointer<UInt8>) -> Int? {
        if position < previous.count, previous.hasHead(head, at: position) { return position }
        if previous.count == 0 { return nil }
        let index = self.index ?? previous.index()
        self.index = index
        return previous.find(head, index)
    }

    /// As ``find(_:)``, of a sample, which has to be behind the same TYPE line as before.
    mutating func findSample(_ head: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let known = find(head), previous.kind(known).isSample, previous.typeLine(known) == typeLine else {
            return nil
        }
        return known
    }

    mutating func takeLine(_ known: Int) {
        if previous.kind(known).isType { typeLine = PageLayout.TypeLine(at: known) }
        if known != position { startLayout() }
        keep(known..<known + 1)
        position = known + 1
    }

    mutating func appendNew(_ head: UnsafeBufferPointer<UInt8>, _ kind: PageLayout.Kind) {
        if kind.isType { typeLine = .unknown }
        startLayout()
        draft.layout?.append(head, kind)
        let isOfFamily = kind.isSample || kind.isType
        if isOfFamily, let type = draft.layout?.typeInForce, type != .typeOther { hasNewLinks = true }
    }

    /// Takes lines of the page before over into the new layout, where there is one.
    private mutating func keep(_ range: Range<Int>) {
        guard draft.layout != nil, !range.isEmpty else { return }
        draft.layout?.append(previous, range)
        let places = previous.samplesBefore(range.lowerBound)..<previous.samplesBefore(range.upperBound)
        draft.keep(.init(before: places.lowerBound, now: draft.refs.count, count: places.count))
        draft.refs += previousRefs[places]
    }

    /// From here on the page differs from the one before. Up to here it did not.
    private mutating func startLayout() {
        guard draft.layout == nil else { return }
        draft.layout = PageLayout(format)
        keep(0..<position)
    }
}
