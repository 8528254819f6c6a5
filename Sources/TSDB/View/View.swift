import Model
import Synchronization

/// A consistent view of the database: the committed part of the head, and the blocks, as of one moment.
final class View: Querier {
    let state: DatabaseState
    let head: HeadView
    /// Those that overlap the view's range, ascending.
    let blocks: [Block]
    let minTime: Int64
    let maxTime: Int64
    /// Nil where no block overlaps the range.
    let readers: ViewReaders?
    /// Whether `close` ends what `readers` began.
    private let ownsReaders: Bool
    private let isClosed = Atomic(false)

    init(
        state: DatabaseState, head: HeadView, blocks: [Block], minTime: Int64, maxTime: Int64, readers: ViewReaders?,
        ownsReaders: Bool
    ) {
        self.state = state
        self.head = head
        self.blocks = blocks
        self.minTime = minTime
        self.maxTime = maxTime
        self.readers = readers
        self.ownsReaders = ownsReaders
    }

    deinit { close() }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        if ownsReaders { readers?.close() }
        state.head.closeView(head)
        // What only this view has read may go.
        if state.head.isSealed(after: head.sealedEnd) || state.head.isForgettingDue { state.queue.poke() }
    }

    func checkOpen() throws(StorageError) {
        if isClosed.load(ordering: .acquiring) { throw .closed }
    }
}
