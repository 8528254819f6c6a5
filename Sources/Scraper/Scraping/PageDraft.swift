import Exposition
import Model

/// What one page brought, before its new series have references.
struct PageDraft {
    /// The page's lines; nil where they are those of the page before.
    var layout: PageLayout?
    /// With a new layout, of every kept sample its series; a placeholder at the places in `newAt`.
    var refs: [SeriesRef] = []
    /// Of every kept sample its value.
    var values: [Double] = []
    /// Samples that came with a timestamp of their own, in ascending order of index.
    var explicit: [(index: Int, timestampMs: Int64)] = []
    /// The labels of series that the page before did not have, and their indices in `refs`.
    var newLabels: [Labels] = []
    var newAt: [Int] = []
    /// What lines that the page before did not have say of metrics.
    var metadata: [MetadataLine] = []
}

/// Reads a page against the lines of the page before.
struct PageReader {
    let previous: PageLayout
    /// Of every kept sample of `previous` its series.
    let previousRefs: [SeriesRef]
    let labeller: SampleLabeller
    let honorTimestamps: Bool

    var draft = PageDraft()
    /// The line of `previous` that is expected next.
    private var position = 0
    private var index: PageLayout.Index?

    init(previous: PageLayout, previousRefs: [SeriesRef], labeller: SampleLabeller, honorTimestamps: Bool) {
        self.previous = previous
        self.previousRefs = previousRefs
        self.labeller = labeller
        self.honorTimestamps = honorTimestamps
        // Some room for what goes with the page's own samples into one batch.
        draft.values.reserveCapacity(previous.sampleCount + 16)
    }

    /// Reads all of `page`; `draft` holds what was read also after an error.
    mutating func read(_ page: UnsafeBufferPointer<UInt8>, _ format: ExpositionFormat) throws(ScrapeFailure) {
        var parser = TextParser(page, format: format)
        do {
            while true {
                let matched = parser.matchRun(previous, from: position, into: &draft.values)
                keep(position..<position + matched)
                position += matched
                guard let line = try parser.nextLine() else { break }
                switch line {
                case .comment(let head): try readComment(head, &parser)
                case .sample(let head): try readSample(head, &parser)
                }
            }
        } catch {
            startLayout()
            throw error as? ScrapeFailure ?? ScrapeFailure(message: "\(error)")
        }
        if position < previous.count { startLayout() }
    }

    /// How many samples were read, and how many of them relabelling kept.
    var counts: (scraped: Int, kept: Int) {
        let kept = draft.values.count
        return (kept + (draft.layout ?? previous).droppedCount, kept)
    }

    private mutating func readComment(_ head: UnsafeBufferPointer<UInt8>, _ parser: inout TextParser) throws {
        if let known = find(head) {
            parser.noteType(previous.kind(known))
            takeLine(known)
            return
        }
        let metadata = try parser.metadata(of: head)
        if let metadata { draft.metadata.append(metadata) }
        startLayout()
        draft.layout?.append(head, PageLayout.Kind(metadata))
    }

    private mutating func readSample(_ head: UnsafeBufferPointer<UInt8>, _ parser: inout TextParser) throws {
        if let known = find(head) {
            let value = try parser.readValue()
            let isKept = previous.kind(known) == .sample
            takeLine(known)
            if isKept { append(value) }
            return
        }
        let exposed = try parser.labels(of: head)
        let value = try parser.readValue()
        let labels = try labeller.series(exposed)
        startLayout()
        draft.layout?.append(head, labels == nil ? .droppedSample : .sample)
        guard let labels else { return }
        draft.newAt.append(draft.refs.count)
        draft.newLabels.append(labels)
        draft.refs.append(SeriesRef(id: 0))
        append(value)
    }

    private mutating func append(_ value: TextParser.Value) {
        if honorTimestamps, let timestamp = value.timestamp {
            draft.explicit.append((draft.values.count, timestamp))
        }
        draft.values.append(value.value)
    }

    /// The line of the page before with this head; most often the one that is expected.
    private mutating func find(_ head: UnsafeBufferPointer<UInt8>) -> Int? {
        if position < previous.count, previous.hasHead(head, at: position) { return position }
        if previous.count == 0 { return nil }
        let index = self.index ?? previous.index()
        self.index = index
        return previous.find(head, index)
    }

    private mutating func takeLine(_ known: Int) {
        if known != position { startLayout() }
        keep(known..<known + 1)
        position = known + 1
    }

    /// Takes lines of the page before over into the new layout, where there is one.
    private mutating func keep(_ range: Range<Int>) {
        guard draft.layout != nil, !range.isEmpty else { return }
        draft.layout?.append(previous, range)
        draft.refs += previousRefs[previous.samplesBefore(range.lowerBound)..<previous.samplesBefore(range.upperBound)]
    }

    /// From here on the page differs from the one before. Up to here it did not.
    private mutating func startLayout() {
        guard draft.layout == nil else { return }
        draft.layout = PageLayout()
        keep(0..<position)
    }
}
