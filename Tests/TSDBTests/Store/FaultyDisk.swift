import CSQLite
import Glibc
import Synchronization

/// What stands between SQLite and the disk, and fails the n-th write, sync or truncation from
/// the moment on that it is armed. One for the whole process, because SQLite names such things globally: the tests that
/// use it run one after another.
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
    }

    fileprivate struct State {
        var callsLeft: Int?
        var fault = Fault.onceIO
        var isHit = false

        mutating func next(reading: Bool = false) -> Int32? {
            guard let left = callsLeft, reading == (fault == .onceReading) else { return nil }
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

    static func arm(_ call: Int, _ fault: Fault) {
        state.withLock { $0 = State(callsLeft: call, fault: fault) }
    }

    /// Mends the disk. Returns whether the call that was to fail came.
    static func disarm() -> Bool {
        state.withLock { state in
            defer { state = State() }
            return state.isHit
        }
    }

    /// Makes it known to SQLite, once.
    static let isRegistered: Bool = {
        guard let real = sqlite3_vfs_find(nil) else { return false }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: real.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup(name))
        vfs.pointee.szOsFile = Int32(MemoryLayout<FaultyFile>.stride) + real.pointee.szOsFile
        vfs.pointee.xOpen = openFile
        return sqlite3_vfs_register(vfs, 0) == SQLITE_OK
    }()
}

/// An open file; that of the real file system lies right behind it.
private struct FaultyFile {
    var base = sqlite3_file()
    var padding = 0
}

private func real(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<sqlite3_file> {
    UnsafeMutableRawPointer(file!).advanced(by: MemoryLayout<FaultyFile>.stride)
        .assumingMemoryBound(to: sqlite3_file.self)
}

private func methods(_ file: UnsafeMutablePointer<sqlite3_file>?) -> sqlite3_io_methods {
    real(file).pointee.pMethods.pointee
}

private func openFile(
    _ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ name: UnsafePointer<CChar>?,
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
) -> Int32 {
    file?.pointee.pMethods = nil
    guard let realVFS = sqlite3_vfs_find(nil) else { return SQLITE_ERROR }
    let code = realVFS.pointee.xOpen(realVFS, name, real(file), flags, outFlags)
    if real(file).pointee.pMethods != nil { file?.pointee.pMethods = UnsafePointer(faultyMethods) }
    return code
}

private nonisolated(unsafe) let faultyMethods: UnsafeMutablePointer<sqlite3_io_methods> = {
    // SAFETY: filled here, once, and only read afterwards.
    let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    var methodTable = sqlite3_io_methods()
    methodTable.iVersion = 2
    methodTable.xClose = { methods($0).xClose(real($0)) }
    methodTable.xRead = { file, bytes, count, offset in
        FaultyDisk.state.withLock { $0.next(reading: true) } ?? methods(file).xRead(real(file), bytes, count, offset)
    }
    methodTable.xWrite = { file, bytes, count, offset in
        FaultyDisk.state.withLock { $0.next() } ?? methods(file).xWrite(real(file), bytes, count, offset)
    }
    methodTable.xTruncate = { file, size in
        FaultyDisk.state.withLock { $0.next() } ?? methods(file).xTruncate(real(file), size)
    }
    methodTable.xSync = { file, flags in
        FaultyDisk.state.withLock { $0.next() } ?? methods(file).xSync(real(file), flags)
    }
    methodTable.xFileSize = { methods($0).xFileSize(real($0), $1) }
    methodTable.xLock = { methods($0).xLock(real($0), $1) }
    methodTable.xUnlock = { methods($0).xUnlock(real($0), $1) }
    methodTable.xCheckReservedLock = { methods($0).xCheckReservedLock(real($0), $1) }
    methodTable.xFileControl = { methods($0).xFileControl(real($0), $1, $2) }
    methodTable.xSectorSize = { methods($0).xSectorSize(real($0)) }
    methodTable.xDeviceCharacteristics = { methods($0).xDeviceCharacteristics(real($0)) }
    methodTable.xShmMap = { file, page, size, extend, at in
        methods(file).xShmMap(real(file), page, size, extend, at)
    }
    methodTable.xShmLock = { methods($0).xShmLock(real($0), $1, $2, $3) }
    methodTable.xShmBarrier = { methods($0).xShmBarrier(real($0)) }
    methodTable.xShmUnmap = { methods($0).xShmUnmap(real($0), $1) }
    table.initialize(to: methodTable)
    return table
}()
