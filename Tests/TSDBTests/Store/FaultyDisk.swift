import CSQLite
import Glibc
import Synchronization
import TestSupport

/// What stands between SQLite and the disk, and fails the n-th write, sync or truncation from the moment on that it is
/// armed. One for the whole process: the tests that use it run one after another, and it leaves alone what lies outside of
/// their directory.
enum FaultyDisk {
    static let name = "faulty-disk"

    enum Fault: Int, Sendable {
        /// One call fails with an I/O error.
        case onceIO
        /// This call and all after it find the disk full.
        case fullFromThere
        /// This call and all after it fail with an I/O error.
        case brokenFromThere
        /// One reading call fails with an I/O error; the others are not counted.
        case onceReading

        static let writing = [Fault.onceIO, .fullFromThere, .brokenFromThere]
        static let all = writing + [.onceReading]
    }

    fileprivate struct State {
        var directory = ""
        var callsLeft: Int?
        var fault = Fault.onceIO
        var isHit = false

        mutating func next(_ file: UnsafeMutablePointer<sqlite3_file>?, reading: Bool = false) -> Int32? {
            guard let left = callsLeft, reading == (fault == .onceReading) else { return nil }
            guard DiskShim.path(file)?.hasPrefix(directory) ?? false else { return nil }
            if left > 1 {
                callsLeft = left - 1
                return nil
            }
            isHit = true
            if fault == .onceIO || fault == .onceReading { callsLeft = nil }
            if fault == .onceReading { return SQLITE_IOERR | 1 << 8 }
            return fault == .fullFromThere ? SQLITE_FULL : SQLITE_IOERR | 3 << 8
        }
    }

    fileprivate static let state = Mutex(State())

    /// - Parameter directory: below which files are broken.
    static func arm(_ call: Int, _ fault: Fault, in directory: TemporaryDirectory) {
        state.withLock { $0 = State(directory: directory.path, callsLeft: call, fault: fault) }
    }

    /// Mends the disk. Returns whether the call that was to fail came.
    static func disarm() -> Bool {
        state.withLock { state in
            defer { state = State() }
            return state.isHit
        }
    }

    /// Makes it known to SQLite, once.
    static let isRegistered = DiskShim.register(name) { _, name, file, flags, outFlags in
        DiskShim.open(name, file, flags, outFlags, faultyMethods)
    }
}

private nonisolated(unsafe) let faultyMethods: UnsafeMutablePointer<sqlite3_io_methods> = {
    // SAFETY: filled here, once, and only read afterwards.
    let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    var methods = DiskShim.methods()
    methods.xRead = { file, bytes, count, offset in
        FaultyDisk.state.withLock { $0.next(file, reading: true) }
            ?? systemMethods(file).xRead(real(file), bytes, count, offset)
    }
    methods.xWrite = { file, bytes, count, offset in
        FaultyDisk.state.withLock { $0.next(file) } ?? systemMethods(file).xWrite(real(file), bytes, count, offset)
    }
    methods.xTruncate = { file, size in
        FaultyDisk.state.withLock { $0.next(file) } ?? systemMethods(file).xTruncate(real(file), size)
    }
    methods.xSync = { file, flags in
        FaultyDisk.state.withLock { $0.next(file) } ?? systemMethods(file).xSync(real(file), flags)
    }
    table.initialize(to: methods)
    return table
}()
