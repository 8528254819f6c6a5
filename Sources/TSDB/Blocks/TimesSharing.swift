import Model

/// Finds out which series of a block have the same timestamps while its rows are written, so that these are stored once.
/// The series of a scrape have their numbers one after another, and so are their rows.
struct TimesSharing {
    private struct List {
        let times: [Int64]
        /// Its number in the block, once a second series had it.
        var number: UInt16?
    }

    /// The newest first.
    private var recent: [List] = []

    /// Lists that are looked through per row.
    private static let recentMax = 8
    /// Shorter lists cost less in the row itself.
    private static let timesMin = 16

    /// The list that the timestamps of `samples` are.
    ///
    /// - Parameter next: the number that a new list gets, or nil where there is none left.
    /// - Returns: its number, and whether it is new and to be stored first; nil where no row before had it.
    mutating func list(of samples: SampleBuffer, next: UInt16?) -> (number: UInt16, isNew: Bool)? {
        guard samples.count >= TimesSharing.timesMin else { return nil }
        let times = UnsafeBufferPointer(start: samples.timestamps, count: samples.count)
        if let index = recent.firstIndex(where: { $0.times.count == times.count && times.elementsEqual($0.times) }) {
            if let number = recent[index].number { return (number, false) }
            recent[index].number = next
            return next.map { ($0, true) }
        }
        if recent.count == TimesSharing.recentMax { recent.removeLast() }
        recent.insert(List(times: Array(times), number: nil), at: 0)
        return nil
    }
}
