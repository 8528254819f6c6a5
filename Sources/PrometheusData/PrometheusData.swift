import Glibc
import Model

/// Samples of one series, in order of time.
public struct SeriesRun {
    public let labels: Labels
    /// Belongs to whoever takes the run.
    public let samples: SampleBuffer
}

/// How far reading has come.
public struct ReadProgress: Sendable, Equatable {
    public var bytesDone: Int64 = 0
    /// Known from the beginning, and roughly: what is damaged is not read.
    public var bytesTotal: Int64 = 0
}

/// Reads all samples of a data directory of Prometheus 2 or 3: its blocks by time, and then its logs. Nothing in it is
/// written. What cannot be read is reported and left out, so that it does not cost the rest.
///
/// Not thread-safe.
///
///     let data = try PrometheusData("/var/lib/prometheus") { print($0) }
///     while let run = data.next() { … }
public final class PrometheusData {
    /// Whether a Prometheus has the directory open: what it writes meanwhile may be missed.
    public let isInUse: Bool
    /// The blocks that are read, by time.
    public let blockPaths: [String]
    public private(set) var progress = ReadProgress()

    private var blocks: [Block]
    private var current: BlockRuns?
    private var currentBytes: Int64 = 0
    private var logs: LogRuns
    private let report: (Damage) -> Void

    /// Opens a data directory, a snapshot of one, or a single block.
    ///
    /// - Parameters:
    ///   - directory: its path.
    ///   - readsLogs: whether the write-ahead log is read too, which has the last two to three hours.
    ///   - report: is called with what is damaged, while the directory is opened and read.
    /// - Throws: where it is none, or holds something that cannot be read without losing samples silently.
    public init(
        _ directory: String, readsLogs: Bool = true, report: @escaping (Damage) -> Void
    ) throws(PrometheusDataError) {
        guard PrometheusData.isOne(directory) else {
            throw PrometheusDataError(
                "\(directory) is no data directory of Prometheus: expected blocks with meta.json, or wal, in it. "
                    + "Name the directory that --storage.tsdb.path named")
        }
        self.report = report
        let logFiles = readsLogs ? LogFiles(directory) : LogFiles()
        for path in logFiles.logs where LogReader.isZstd(path) {
            throw PrometheusDataError(
                "\(path) is compressed with zstd, which is not read. Start Prometheus once more with "
                    + "--storage.tsdb.wal-compression-type=snappy and --web.enable-admin-api, POST to "
                    + "/api/v1/admin/tsdb/snapshot, and import the directory data/snapshots/… that it names; "
                    + "or leave out the last hours with --skip-wal")
        }
        blocks = PrometheusData.findBlocks(directory, report)
        blockPaths = blocks.map(\.path)
        isInUse = PrometheusData.isLocked(directory)
        let end = blocks.filter { !$0.meta.isPartial && $0.isSound }.map(\.meta.maxTime).max()
        logs = LogRuns(logFiles, minValidTime: end ?? .min, report: report)
        progress.bytesTotal = blocks.reduce(logFiles.bytesToRead) { $0 + $1.byteCount }
        blocks.reverse()
    }

    /// Whether a directory looks like one of Prometheus's.
    public static func isOne(_ directory: String) -> Bool {
        if isFile(directory + "/meta.json") || isDirectory(directory + "/wal") { return true }
        return (names(in: directory) ?? []).contains { isFile("\(directory)/\($0)/meta.json") }
    }

    /// What the logs say of metrics; known when all is read.
    public var metadata: [MetricMetadata] { logs.metadata }

    /// Records of exemplars in the write-ahead log, which are left out.
    public var exemplarRecords: Int { logs.exemplarRecords }

    /// The next run of samples, or nil behind the last one. A series has many runs: one for every two hours of a block at
    /// least. Runs of blocks come in order of these two hours.
    public func next() -> SeriesRun? {
        while true {
            if current == nil, let block = blocks.popLast() {
                do throws(FormatErrorIn) {
                    current = try BlockRuns(block.path, report: report)
                } catch {
                    progress.bytesDone += block.byteCount
                    report(
                        Damage(
                            file: error.file, offset: error.error.offset,
                            reason: "\(error.error.reason); the block is left out"))
                    continue
                }
            }
            guard current != nil else { return nextOfLogs() }
            let run = current?.next()
            noteProgress(current?.bytesRead ?? 0)
            if let run { return run }
            current = nil
            currentBytes = 0
        }
    }

    private func nextOfLogs() -> SeriesRun? {
        defer { noteProgress(logs.bytesRead) }
        return logs.next()
    }

    private func noteProgress(_ bytes: Int64) {
        progress.bytesDone += bytes - currentBytes
        currentBytes = bytes
    }

    /// Prometheus keeps a lock on a file in its directory.
    private static func isLocked(_ directory: String) -> Bool {
        let descriptor = open(directory + "/lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) != 0 { return errno == EWOULDBLOCK }
        flock(descriptor, LOCK_UN)
        return false
    }
}

/// A block of a data directory.
private struct Block {
    let path: String
    let meta: BlockMeta
    let byteCount: Int64
    /// Whether its index can be opened.
    let isSound: Bool
}

extension PrometheusData {
    private static func findBlocks(_ directory: String, _ report: (Damage) -> Void) -> [Block] {
        var paths: [String] = []
        if isFile(directory + "/meta.json") { paths.append(directory) }
        for name in names(in: directory) ?? [] where isULID(name) && isDirectory("\(directory)/\(name)") {
            paths.append("\(directory)/\(name)")
        }
        var blocks: [Block] = []
        for path in paths {
            do throws(FormatErrorIn) {
                let meta = try inFile(path + "/meta.json") { (path) throws(FormatError) in try BlockMeta(path: path) }
                blocks.append(
                    Block(
                        path: path, meta: meta, byteCount: ChunkFiles(path + "/chunks") { _ in }.byteCount,
                        isSound: (try? BlockIndex(path + "/index")) != nil))
            } catch {
                report(
                    Damage(
                        file: error.file, offset: error.error.offset,
                        reason: "\(error.error.reason); the block is left out"))
            }
        }
        return withoutCompacted(blocks).sorted {
            ($0.meta.minTime, $0.meta.maxTime, $0.path) < ($1.meta.minTime, $1.meta.maxTime, $1.path)
        }
    }

    /// Leaves out blocks whose samples another one has that was made of them, and which were about to be deleted.
    private static func withoutCompacted(_ blocks: [Block]) -> [Block] {
        let parents = Set(blocks.filter(\.isSound).flatMap { $0.meta.compaction?.parents?.map(\.ulid) ?? [] })
        return blocks.filter { !parents.contains($0.meta.ulid) && $0.meta.compaction?.deletable != true }
    }

    private static func isULID(_ name: String) -> Bool {
        name.utf8.count == 26 && name.utf8.allSatisfy { $0 < 128 } && name.allSatisfy { $0.isNumber || $0.isLetter }
    }
}
