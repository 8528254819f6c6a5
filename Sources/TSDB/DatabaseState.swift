import Model
import Synchronization

/// What the writer thread and the views share.
///
/// Locks, in the order in which they may be taken: `gate`, then the head's, then any other.
final class DatabaseState: @unchecked Sendable {
    // SAFETY: `blocks` and `blocksVersion` are read and changed under `gate` only.

    let path: String
    let options: DatabaseOptions
    /// The stretches of time that blocks are merged up to.
    let windows: BlockTime
    /// Length of a block in databases that were made with version 1 of the schema; 0 in others.
    let legacyBlockMs: Int64
    let index: SeriesIndex
    let head: Head
    let counters = DatabaseCounters()
    let messages = MessageLog()
    let followers: FollowerTable
    let rowCache: RowCache
    let metadata: Mutex<[String: MetricMetadata]>
    /// As ``DatabaseOptions/outOfOrderMs`` says, until it is set anew.
    let outOfOrderMs: Atomic<Int64>

    /// What waits for the writer thread.
    let queue = WriteQueue()

    /// Held while a view begins, and while a commit that moves samples from the head to a block, or deletes a block,
    /// takes effect: so that a view finds each sample in one place.
    let gate = Lock()
    /// Ascending.
    var blocks: [Block]
    /// Raised when a block comes or goes.
    var blocksVersion = 0

    init(
        path: String, options: DatabaseOptions, index: SeriesIndex, head: Head, blocks: [Block],
        followers: FollowerTable, metadata: [MetricMetadata], legacyBlockMs: Int64
    ) {
        self.path = path
        self.options = options
        self.index = index
        self.head = head
        self.blocks = blocks
        self.legacyBlockMs = legacyBlockMs
        self.followers = followers
        rowCache = RowCache(bytesMax: options.rowCacheBytes)
        outOfOrderMs = Atomic(max(0, options.outOfOrderMs))
        windows = BlockTime(lengthMs: options.windowMs)
        self.metadata = Mutex(Dictionary(metadata.map { ($0.metric, $0) }) { _, new in new })
    }

    /// Puts a block into the place of others. Called under the gate, by the writer thread.
    func replaceBlocks(_ numbers: Set<Int64>, with block: Block?) {
        blocks.removeAll { numbers.contains($0.number) }
        blocksVersion += 1
        guard var block else { return }
        block.revision = blocksVersion
        blocks.insert(block, at: blocks.firstIndex { $0.start > block.start } ?? blocks.endIndex)
    }

    /// Counts something damaged, and remembers what it was.
    func reportDamage(_ text: String) {
        counters.corruptions.add()
        messages.add(text)
    }
}

/// What the database counts, for `/metrics` and status pages.
final class DatabaseCounters: Sendable {
    let appended = Counter()
    let outOfOrder = Counter()
    let duplicates = Counter()
    let tooOld = Counter()
    let unknownSeries = Counter()
    let seriesCreated = Counter()
    let seriesRemoved = Counter()
    let chunksRemoved = Counter()
    let commits = Counter()
    let commitFailures = Counter()
    let journalRecords = Counter()
    let journalBytes = Counter()
    let journalReplayed = Counter()
    let journalDamaged = Counter()
    let corruptions = Counter()
    let seals = Counter()
    let merges = Counter()
    let maintenanceFailures = Counter()
    let blocksDeleted = Counter()

    func count(_ result: AppendResult) {
        appended.add(result.appended)
        for rejection in result.rejected + result.rejectedHistograms {
            switch rejection.reason {
            case .outOfOrder: outOfOrder.add()
            case .duplicate: duplicates.add()
            case .tooOld: tooOld.add()
            case .unknownSeries, .invalid: unknownSeries.add()
            }
        }
    }
}

/// The latest messages about what went wrong, for the command to log and for status pages. Thread-safe.
final class MessageLog: Sendable {
    /// The most messages kept; older ones go.
    static let messagesMax = 100
    private let messages = Mutex<[String]>([])

    /// Adds a message, unless it repeats the newest one.
    func add(_ text: String) {
        messages.withLock { messages in
            guard messages.last != text else { return }
            messages.append(text)
            if messages.count > MessageLog.messagesMax { messages.removeFirst() }
        }
    }

    var all: [String] { messages.withLock { $0 } }

    /// The messages, which are forgotten by this.
    func take() -> [String] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
