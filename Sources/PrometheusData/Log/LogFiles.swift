/// The files of the logs of a data directory, in the order in which they are read.
struct LogFiles {
    /// The segments of the newest checkpoint: what was kept of the write-ahead log when its beginning was cut off.
    private(set) var checkpoint: [String] = []
    /// The segments of the write-ahead log behind it.
    private(set) var segments: [String] = []
    /// Those of the log of what came out of order.
    private(set) var outOfOrder: [String] = []
    /// Chunks that were filled.
    private(set) var headChunks: [String] = []

    /// No files.
    init() {}

    init(_ directory: String) {
        let log = directory + "/wal"
        let all = names(in: log) ?? []
        let prefix = "checkpoint."
        let checkpoints = all.filter { $0.hasPrefix(prefix) && isDecimal($0.dropFirst(prefix.count)) }
        let newest = checkpoints.compactMap { name in Int(name.dropFirst(prefix.count)).map { ($0, name) } }
            .max { $0.0 < $1.0 }
        if let newest { checkpoint = LogFiles.segments(log + "/" + newest.1) }
        segments = LogFiles.segments(log, after: newest?.0 ?? -1)
        outOfOrder = LogFiles.segments(directory + "/wbl")
        headChunks = LogFiles.segments(directory + "/chunks_head")
    }

    private static func segments(_ directory: String, after last: Int = -1) -> [String] {
        (names(in: directory) ?? []).filter { isDecimal($0) }
            .compactMap { name in Int(name).map { ($0, directory + "/" + name) } }
            .filter { $0.0 > last }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    var logs: [String] { checkpoint + segments + outOfOrder }

    /// How many bytes are read of them; the write-ahead log is read twice.
    var bytesToRead: Int64 {
        let log = (checkpoint + segments).reduce(Int64(0)) { $0 + byteCount($1) }
        return 2 * log + (headChunks + outOfOrder).reduce(0) { $0 + byteCount($1) }
    }

    private func byteCount(_ path: String) -> Int64 { (try? DataFile(path))?.byteCount ?? 0 }
}
