import Glibc
import Logging
import Model
import Synchronization
import YAML

/// Targets that files list.
///
/// 1. Every second, expand the patterns and look at what the files' size, time and number are.
/// 2. Read those that are others than before, and all of them at the refresh.
/// 3. A file that cannot be read keeps the targets that it had; one that is gone has none.
final class FileSource: TargetSource {
    /// What tells that a file may have other content.
    private struct Signature: Equatable {
        var device: UInt, node: UInt, size: Int, seconds: Int, nanoseconds: Int
    }

    private struct Entry {
        var signature: Signature?
        var groups: [TargetGroup] = []
        var error = ""
    }

    private struct State {
        var files: [String: Entry] = [:]
        var isTooMany = false
        var nextLookMs: Int64 = 0
        var nextRefreshMs: Int64 = 0
    }

    /// How long a change goes unnoticed.
    private static let lookMs: Int64 = 1000
    /// The most files of one entry.
    private static let filesMax = 10_000

    let configuration: DiscoveryConfiguration
    private let file: DiscoveryConfiguration.File
    private let environment: DiscoveryEnvironment
    private let state = Mutex(State())

    /// Reads the files, so that there are targets from the start.
    init(_ file: DiscoveryConfiguration.File, _ environment: DiscoveryEnvironment) {
        configuration = .file(file)
        self.file = file
        self.environment = environment
        _ = step(nowMs: monotonicMs())
    }

    var groups: [TargetGroup]? {
        state.withLock { $0.files }.sorted { byteOrder($0.key, $1.key) }.flatMap(\.value.groups)
    }

    /// When each file was last written, in seconds since the Unix epoch.
    var writtenSeconds: [(path: String, seconds: Double)] {
        state.withLock { $0.files }.compactMap { path, entry in
            entry.signature.map { (path, Double($0.seconds) + Double($0.nanoseconds) / 1e9) }
        }
    }

    func step(nowMs: Int64) -> Int64 {
        // The thread that made this object is done with it before the discovery thread gets it.
        var next = state.withLock { $0 }
        guard nowMs >= next.nextLookMs else { return next.nextLookMs - nowMs }
        let isRefresh = nowMs >= next.nextRefreshMs
        if isRefresh { next.nextRefreshMs = nowMs + file.refreshMs }
        next.nextLookMs = nowMs + min(FileSource.lookMs, file.refreshMs)
        let before = next.files
        next.files = [:]
        for path in paths(&next) {
            var entry = before[path] ?? Entry()
            let signature = FileSource.signature(path)
            if isRefresh || entry.signature != signature { read(path, &entry) }
            entry.signature = signature
            next.files[path] = entry
        }
        let isChanged = next.files.mapValues(\.groups) != before.mapValues(\.groups)
        state.withLock { $0 = next }
        if isChanged { environment.changed() }
        return min(FileSource.lookMs, file.refreshMs)
    }

    /// The files to read; says in the log where there are more.
    private func paths(_ state: inout State) -> ArraySlice<String> {
        let all = matchingPaths(file.patterns)
        let isTooMany = all.count > FileSource.filesMax
        if isTooMany, !state.isTooMany {
            environment.logger.error(
                "only the first \(FileSource.filesMax) files of targets are read",
                metadata: ["files": "\(file.patterns.joined(separator: " "))", "count": "\(all.count)"])
        }
        state.isTooMany = isTooMany
        return all.prefix(FileSource.filesMax)
    }

    private static func signature(_ path: String) -> Signature? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Signature(
            device: UInt(status.st_dev), node: UInt(status.st_ino), size: Int(status.st_size),
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    private func read(_ path: String, _ entry: inout Entry) {
        var error = ""
        do throws(TargetTextError) {
            entry.groups = try FileSource.groups(path).map { $0.adding("__meta_filepath", path) }
        } catch let failure {
            error = failure.reason
            environment.metrics.fileReadErrors.add()
        }
        environment.report("reading a file of targets", path, error: error, before: entry.error)
        entry.error = error
    }

    fileprivate static func groups(_ path: String) throws(TargetTextError) -> [TargetGroup] {
        switch readWholeFile(path, bytesMax: TargetGroupText.bytesMax, isWaiting: false) {
        case .failure(let error): throw TargetTextError(reason: error.reason)
        case .success(let bytes):
            if path.lowercased().hasSuffix(".json") { return try TargetGroupText.json(bytes) }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw TargetTextError(reason: "expected a file in UTF-8")
            }
            return try TargetGroupText.yaml(text, file: path)
        }
    }
}

extension DiscoveryConfiguration {
    /// What is wrong with the files of targets as they are now, and the patterns that match none; nothing of other kinds.
    package func checkFiles() -> (faults: [String], unmatched: [String]) {
        guard case .file(let file) = self else { return ([], []) }
        let faults = matchingPaths(file.patterns).compactMap { path -> String? in
            do throws(TargetTextError) {
                _ = try FileSource.groups(path)
                return nil
            } catch {
                return "\(path): \(error.reason)"
            }
        }
        return (faults, file.patterns.filter { matchingPaths([$0]).isEmpty })
    }
}
