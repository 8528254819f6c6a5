/// Knows which views are open, and what they must not see of what was appended since.
///
/// Views that begin with nothing appended between them are one generation. With the first append to a series after a
/// generation began, the series' newest time of before is remembered for it; a view of the generation sees the series
/// up to there. Nothing is remembered while no view is open, and what is remembered goes when its views close.
///
/// A pure state machine: the head calls it under its lock.
struct ViewRegistry {
    /// Views that see the same.
    private struct Generation {
        let number: UInt32
        /// End of what is sealed, as the views know it: older samples they read from blocks, the others from the head.
        let sealedEnd: Int64
        var viewCount = 1
        /// Per series that was appended to since: the newest time to see, `Int64.min` where nothing is to be seen.
        var visibleEnds: [UInt32: Int64] = [:]
    }

    /// In ascending order of number.
    private var generations: [Generation] = []
    private var newestNumber: UInt32 = 0

    var isEmpty: Bool { generations.isEmpty }
    /// The generation that appends are remembered for.
    var currentGeneration: UInt32 { newestNumber }
    var viewCount: Int { generations.reduce(0) { $0 + $1.viewCount } }

    /// The oldest generation that any open view is of, or nil where none is open.
    var oldestGeneration: UInt32? { generations.first?.number }

    /// The least end of what is sealed that any open view knows, or nil where none is open.
    var oldestSealedEnd: Int64? { generations.lazy.map(\.sealedEnd).min() }

    /// Begins a view. Returns its generation.
    mutating func open(sealedEnd: Int64) -> UInt32 {
        if let last = generations.indices.last, generations[last].visibleEnds.isEmpty,
            generations[last].sealedEnd == sealedEnd, generations[last].number == newestNumber
        {
            generations[last].viewCount += 1
            return newestNumber
        }
        newestNumber &+= 1
        generations.append(Generation(number: newestNumber, sealedEnd: sealedEnd))
        return newestNumber
    }

    mutating func close(_ number: UInt32) {
        guard let index = generations.firstIndex(where: { $0.number == number }) else { return }
        generations[index].viewCount -= 1
        guard generations[index].viewCount == 0 else { return }
        let closed = generations.remove(at: index)
        // Older views need what was remembered since for them too; what they already have is older and stays.
        if index > 0 { generations[index - 1].visibleEnds.merge(closed.visibleEnds) { older, _ in older } }
    }

    /// Notes that `series`, whose newest visible sample is at `newest`, is about to get another one.
    mutating func willAppend(to series: UInt32, newest: Int64) {
        guard let last = generations.indices.last else { return }
        if generations[last].visibleEnds[series] == nil { generations[last].visibleEnds[series] = newest }
    }

    /// The newest time of `series` that views of generation `number` see, or nil where they see all there is.
    func visibleEnd(of series: UInt32, in number: UInt32) -> Int64? {
        guard let first = generations.firstIndex(where: { $0.number == number }) else { return nil }
        for generation in generations[first...] {
            if let end = generation.visibleEnds[series] { return end }
        }
        return nil
    }
}
