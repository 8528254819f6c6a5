import CSQLite
import Glibc
import Synchronization
import TestSupport

/// What a disk would hold if the power failed at some moment: what was synced is there; each write, truncation and file
/// since is there, is not, or is there in part. Sectors of 512 bytes are written as a whole or not at all.
struct PowerCut: Sendable {
    /// By the names of the files. SQLite's shared memory is no part of it: it is rebuilt after a crash.
    var files: [String: [UInt8]] = [:]
    /// What the test had said when the power failed, and when the log was last synced before.
    var acknowledged = 0
    var synced = 0

    /// Makes the files.
    func write(to directory: String) throws {
        mkdir(directory, 0o755)
        for (name, bytes) in files { try writeFile(directory + "/" + name, bytes) }
    }
}

/// The disk under one directory, as one sees it that may lose its power. Thread-safe.
final class UnsafeDisk: Sendable {
    static let name = "unsafe-disk"

    fileprivate enum Change {
        case write(Int, [UInt8])
        case truncate(Int)
    }

    private struct File {
        /// Nil where it was never synced: it may not even be there.
        var synced: [UInt8]?
        var waiting: [Change] = []
    }

    private struct State {
        var files: [String: File] = [:]
        var random: SeededGenerator
        var callsLeft: Int?
        var cut: PowerCut?
        var acknowledged = 0
        var synced = 0
    }

    private let state: Mutex<State>
    private let path: String

    /// - Parameter directory: it must be empty.
    init(_ directory: TemporaryDirectory, seed: UInt64) {
        path = directory.path
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        UnsafeDisk.disks.withLock { $0[path] = self }
    }

    func remove() { UnsafeDisk.disks.withLock { $0[path] = nil } }

    /// Says how many operations were acknowledged by now.
    func acknowledge(_ count: Int) { state.withLock { $0.acknowledged = count } }

    /// How many were, when the log was last synced.
    var synced: Int { state.withLock { $0.synced } }

    /// Lets the power fail at the n-th write, truncation or sync from now on.
    func cutPower(after calls: Int) { state.withLock { $0.callsLeft = calls } }

    /// What the failure has left, where it came.
    func takeCut() -> PowerCut? {
        state.withLock { state in
            defer { state.cut = nil }
            return state.cut
        }
    }

    /// What a failure leaves that comes now.
    func cutNow() -> PowerCut { state.withLock { UnsafeDisk.cut(&$0) } }

    // MARK: What SQLite calls

    private static let disks = Mutex<[String: UnsafeDisk]>([:])

    fileprivate static func find(_ file: UnsafeMutablePointer<sqlite3_file>?) -> (disk: UnsafeDisk, name: String)? {
        DiskShim.path(file).flatMap { find($0) }
    }

    private static func find(_ path: String) -> (disk: UnsafeDisk, name: String)? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let disk = disks.withLock { $0[String(path[..<slash])] }
        return disk.map { ($0, String(path[path.index(after: slash)...])) }
    }

    fileprivate func note(_ name: String, _ change: Change) {
        state.withLock { state in
            state.files[name, default: File()].waiting.append(change)
            UnsafeDisk.countCall(&state)
        }
    }

    fileprivate func noteSync(_ name: String) {
        state.withLock { state in
            UnsafeDisk.countCall(&state)
            var file = state.files[name] ?? File()
            var bytes = file.synced ?? []
            for change in file.waiting { UnsafeDisk.apply(change, to: &bytes) }
            file = File(synced: bytes)
            state.files[name] = file
            if name.hasSuffix("-wal") { state.synced = state.acknowledged }
        }
    }

    fileprivate func noteDeletion(_ name: String) { state.withLock { $0.files[name] = nil } }

    private static func countCall(_ state: inout State) {
        guard let left = state.callsLeft else { return }
        state.callsLeft = left > 1 ? left - 1 : nil
        if left == 1 { state.cut = cut(&state) }
    }

    private static func cut(_ state: inout State) -> PowerCut {
        var cut = PowerCut(acknowledged: state.acknowledged, synced: state.synced)
        // Often nearly all has reached the disk, and often hardly anything.
        let kept = [0, 0, 50, 90, 99, 100].randomElement(using: &state.random) ?? 0
        let torn = [0, 10, 50].randomElement(using: &state.random) ?? 0
        for (name, file) in state.files.sorted(by: { $0.key < $1.key }) {
            if file.synced == nil, !state.random.chance(max(50, kept)) { continue }
            var bytes = file.synced ?? []
            for change in file.waiting {
                if state.random.chance(kept) {
                    apply(change, to: &bytes)
                } else if case .write(let offset, let data) = change, state.random.chance(torn) {
                    tear(offset, data, &bytes, &state.random)
                }
            }
            cut.files[name] = bytes
        }
        return cut
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .truncate(let size): bytes = Array(bytes.prefix(size)) + zeros(size - bytes.count)
        case .write(let offset, let data):
            bytes += zeros(offset + data.count - bytes.count)
            bytes.replaceSubrange(offset..<offset + data.count, with: data)
        }
    }

    private static func tear(
        _ offset: Int, _ data: [UInt8], _ bytes: inout [UInt8], _ random: inout SeededGenerator
    ) {
        var start = 0
        while start < data.count {
            let end = min(data.count, ((offset + start) / 512 + 1) * 512 - offset)
            if random.chance(50) { apply(.write(offset + start, Array(data[start..<end])), to: &bytes) }
            start = end
        }
    }

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: max(0, count)) }

    /// Makes it known to SQLite, once.
    static let isRegistered = DiskShim.register(
        name,
        { _, name, file, flags, outFlags in DiskShim.open(name, file, flags, outFlags, unsafeMethods) },
        delete: { _, name, sync in
            let code = DiskShim.delete(name, sync)
            if code == SQLITE_OK, let name, let found = find(String(cString: name)) {
                found.disk.noteDeletion(found.name)
            }
            return code
        })
}

private nonisolated(unsafe) let unsafeMethods: UnsafeMutablePointer<sqlite3_io_methods> = {
    // SAFETY: filled here, once, and only read afterwards.
    let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    var methods = DiskShim.methods()
    methods.xWrite = { file, bytes, count, offset in
        if let found = UnsafeDisk.find(file) {
            let data = Array(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            found.disk.note(found.name, .write(Int(offset), data))
        }
        return systemMethods(file).xWrite(real(file), bytes, count, offset)
    }
    methods.xTruncate = { file, size in
        if let found = UnsafeDisk.find(file) { found.disk.note(found.name, .truncate(Int(size))) }
        return systemMethods(file).xTruncate(real(file), size)
    }
    methods.xSync = { file, flags in
        let found = UnsafeDisk.find(file)
        found?.disk.noteSync(found?.name ?? "")
        return systemMethods(file).xSync(real(file), flags)
    }
    table.initialize(to: methods)
    return table
}()
