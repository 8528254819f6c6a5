/// The number of the next journal row: in the upper half the block up to which the samples of the record and of all
/// before it reach, so that a sealed block's records are a range of rows; in the lower half a counter.
struct JournalPosition: Equatable {
    private(set) var block: Int64?
    private var counter: Int64 = 0

    /// - Parameter newest: the number of the newest row, or nil where there is none.
    init(after newest: Int64?) {
        guard let newest else { return }
        block = newest >> 32
        counter = (newest & 0xffff_ffff) + 1
    }

    /// Gives the number for a record whose samples reach into block `number`, and says whether it is the first of a
    /// block, before which records may be deleted.
    mutating func next(reaching number: Int64) -> (row: Int64, isFirst: Bool) {
        // A counter that is used up goes on in the next block: its records are kept for longer, and nothing is lost.
        let isFirst = block.map { number > $0 || counter > 0xffff_ffff } ?? true
        if isFirst {
            block = max(number, block.map { $0 + 1 } ?? number)
            counter = 0
        }
        defer { counter += 1 }
        return ((block ?? number) << 32 | counter, isFirst)
    }
}
