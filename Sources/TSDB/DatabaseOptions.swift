import Model

/// How a database is kept.
public struct DatabaseOptions: Sendable {
    /// What an acknowledgement promises.
    public enum Synchronous: Sendable {
        /// Acknowledged samples survive a crash of the process. Of what was acknowledged in the last seconds before a
        /// power failure or a crash of the system some may be lost; the database stays sound.
        case normal
        /// Acknowledged samples survive power failures too; each commit waits for the disk.
        case full
    }

    /// How long samples are kept, in milliseconds, counted back from the newest sample; 0 keeps all. Whole blocks are
    /// deleted, so that samples may stay for up to one block longer.
    public var retentionMs: Int64
    /// The most bytes that sealed data may take before the oldest blocks are deleted; 0 for no limit.
    public var retentionBytes: Int64
    /// The most time that a block covers, in milliseconds, 1...``blockMsMax``. The blocks of a full head cover less at
    /// first, and are merged.
    public var blockMs: Int64
    /// How far behind the newest sample of the database a sample may be that is older than the newest one of its series,
    /// in milliseconds; 0 refuses such samples.
    public var outOfOrderMs: Int64 = 0
    public var synchronous: Synchronous
    public var clock: any WallClock
    /// The most bytes of memory that rows of blocks take which were read and may be asked for again; 0 keeps none.
    public var rowCacheBytes = 12 << 20

    /// The longest block: a week.
    public static let blockMsMax: Int64 = 7 * 86_400_000

    /// How many samples the head holds before some are sealed, whatever their time: at one to two bytes each, and up to
    /// 40 ns of a restart.
    package var headSamplesMax = 3_000_000

    /// The time that merged blocks cover: where little is kept, less than ``blockMs``, so that what is too old can go.
    var windowMs: Int64 {
        retentionMs == 0 ? blockMs : min(blockMs, max(retentionMs / 10, 2 * 3_600_000))
    }

    /// How far ahead of the clock a sample may be, in milliseconds. Blocks are sealed and deleted by the newest sample:
    /// one whose time is wrong would have the others refused, and all of the past deleted.
    ///
    /// - Source: Prometheus's `maxAheadTime` of scrapes and remote writes.
    static let aheadMsMax: Int64 = 10 * 60_000

    /// How far behind the newest sample of the database one may be that goes on where its series ends: an hour at least.
    /// - Source: Prometheus takes samples up to half of its head's two hours late.
    static let lateMs: Int64 = 3_600_000

    /// The most pages the database may have, which lets tests fill the disk.
    var pagesMax: Int?
    /// The name of what stands between SQLite and the system, which lets tests break the disk.
    var vfs: String?

    public init(
        retentionMs: Int64 = 7 * 86_400_000, retentionBytes: Int64 = 0, blockMs: Int64 = 8 * 3_600_000,
        synchronous: Synchronous = .normal, clock: any WallClock = SystemClock()
    ) {
        self.retentionMs = max(0, retentionMs)
        self.retentionBytes = max(0, retentionBytes)
        self.blockMs = min(max(1, blockMs), DatabaseOptions.blockMsMax)
        self.synchronous = synchronous
        self.clock = clock
    }
}
