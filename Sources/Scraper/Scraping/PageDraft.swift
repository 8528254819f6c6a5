import Exposition
import Model

/// What one page brought, before its new series have references.
struct PageDraft {
    /// The page's lines; nil where they are those of the page before.
    var layout: PageLayout?
    /// What is made of several lines of a new layout; nil where there is nothing of that kind.
    var links: PageLinks?
    /// Whether the links are those of the page before, and so are the series of what is made.
    var hasLinksOfBefore = false
    /// Which values of a new layout are of lines that the page before had, by their places in both.
    var kept: [KeptRun] = []
    /// With a new layout, of every kept value its series; a placeholder at the places in `newAt` and of parts.
    var refs: [SeriesRef] = []
    /// Of every sample whose value is kept its value.
    var values: [Double] = []
    /// Samples that came with a timestamp of their own, in ascending order of index.
    var explicit: [(index: Int, timestampMs: Int64)] = []
    /// Samples that are native histograms, in ascending order of index.
    var histograms: [(index: Int, histogram: Histogram)] = []
    /// The exemplars of samples, in ascending order of index.
    var exemplars: [(index: Int, exemplar: ExposedExemplar)] = []
    /// Samples of which the page says from when on they count, in ascending order of index.
    var starts: [(index: Int, startMs: Int64)] = []
    /// The labels of series that the page before did not have, and their indices in `refs`.
    var newLabels: [Labels] = []
    var newAt: [Int] = []
    /// With new links, the labels of the histograms that are made of several lines.
    var madeLabels: [Labels] = []
    /// The histograms that are made of several lines, in the order of the links; nil where lines contradict one another.
    var made: [Histogram?] = []

    /// Values of successive lines that two layouts have in common.
    struct KeptRun: Equatable {
        var before: Int
        var now: Int
        var count: Int
    }

    /// Notes values that are kept.
    mutating func keep(_ run: KeptRun) {
        if let last = kept.last, last.before + last.count == run.before, last.now + last.count == run.now {
            kept[kept.count - 1].count += run.count
        } else if run.count > 0 {
            kept.append(run)
        }
    }

    /// Stands in `refs` for what is no series.
    static let noSeries = SeriesRef(id: .max)

    /// Which of these places, in ascending order, have no timestamp of their own.
    func undated(_ places: [Int]) -> [Int] {
        if explicit.isEmpty || places.isEmpty { return places }
        let dated = Set(explicit.map(\.index))
        return places.filter { !dated.contains($0) }
    }
}
