import Glibc
import Model

/// Which series there are, by labels and by matchers.
///
/// A series is *resolved* when it has its number, and *published* when its first sample is committed; only then do
/// queries find it.
final class SeriesIndex: @unchecked Sendable {
    // SAFETY: everything below is read under `lock`'s reading side and changed under its writing side. The label arrays
    // of `series` come from `malloc` and are freed when their series is removed.
    let lock = ReadWriteLock()
    var labels = LabelPairs()
    var series = PagedTable<IndexedSeries>()
    var byLabels = IdTable()
    /// Published series, ascending.
    var published: [UInt32] = []
    /// The number of the next new series.
    var nextSeries: UInt32

    /// - Parameter nextSeries: greater than every number that was ever given to a stored series.
    init(nextSeries: UInt32 = 1) { self.nextSeries = nextSeries }

    deinit {
        series.forEach { _, entry in entry.pointee.deallocate() }
        series.removeAll()
    }

    /// The number of published series.
    var count: Int { lock.read { published.count } }

    /// Whether `id` was resolved and not forgotten.
    func isKnown(_ id: UInt32) -> Bool { lock.read { series[id] != nil } }
}

/// The labels of one series: numbers of pairs, in the order of ``Labels/encoded``.
struct IndexedSeries: BitwiseCopyable {
    private let pairs: UnsafeMutablePointer<UInt32>?
    let count: UInt16
    var isPublished = false
    /// Set on a series that was found without a sample once; it is dropped when found so again.
    var isStale = false

    init(_ pairs: [UInt32]) {
        count = UInt16(clamping: pairs.count)
        self.pairs = malloc(max(4, 4 * pairs.count))?.assumingMemoryBound(to: UInt32.self)
        for (index, pair) in pairs.prefix(Int(count)).enumerated() { self.pairs?[index] = pair }
    }

    var pairNumbers: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: pairs, count: Int(count)) }

    func deallocate() { free(pairs) }
}

extension SeriesIndex {
    /// The most labels of one series.
    static let labelsMax = Int(UInt16.max)

    /// One past the greatest number of a series: far enough from the last number there is that ranges of numbers can
    /// be told without overflow.
    static let seriesEnd = UInt32.max - 0xffff

    /// One past the greatest number of a label pair: more would not fit into memory.
    static let pairsMax: UInt32 = 1 << 28

    /// Builds the labels of a series from its pairs. Called under the lock.
    func buildLabels(_ entry: IndexedSeries, into encoded: inout [UInt8]) {
        labels.encode(entry.pairNumbers, into: &encoded)
    }

    /// Whether a series has just these labels. Called under the lock.
    func has(_ id: UInt32, _ encoded: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let entry = series[id]?.pointee else { return false }
        var cursor = Labels.Cursor(encoded)
        for pair in entry.pairNumbers {
            guard let label = cursor.next() else { return false }
            guard labels.withValue(pair, { equalBytes($0, label.value) }),
                labels.withName(labels.pairs[Int(pair)].name, { equalBytes($0, label.name) })
            else { return false }
        }
        return cursor.next() == nil
    }
}
