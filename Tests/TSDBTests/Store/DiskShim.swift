import CSQLite
import Glibc

/// What a file system is made of that stands between SQLite and the system's: what is not replaced goes on to that.
///
/// SQLite names such things for the whole process, so that each is registered once.
enum DiskShim {
    // SAFETY: found once; SQLite never frees it.
    nonisolated(unsafe) fileprivate static let system = sqlite3_vfs_find("unix")

    typealias Open =
        @convention(c) (
            UnsafeMutablePointer<sqlite3_vfs>?, UnsafePointer<CChar>?, UnsafeMutablePointer<sqlite3_file>?, Int32,
            UnsafeMutablePointer<Int32>?
        ) -> Int32

    typealias Delete =
        @convention(c) (UnsafeMutablePointer<sqlite3_vfs>?, UnsafePointer<CChar>?, Int32) -> Int32

    /// Makes a file system known to SQLite.
    /// - Parameters:
    ///   - open: opens a file as ``open(_:_:_:_:_:)`` does.
    ///   - delete: deletes one as ``delete(_:_:)`` does.
    static func register(_ name: String, _ open: Open, delete: Delete? = nil) -> Bool {
        guard let system else { return false }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: system.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup(name))
        vfs.pointee.szOsFile = Int32(MemoryLayout<ShimFile>.stride) + system.pointee.szOsFile
        vfs.pointee.xOpen = open
        if let delete { vfs.pointee.xDelete = delete }
        return sqlite3_vfs_register(vfs, 0) == SQLITE_OK
    }

    /// Lets connections that ask for no file system in particular use the one of this name, or the system's own.
    static func makeDefault(_ name: String?) {
        sqlite3_vfs_register(sqlite3_vfs_find(name ?? "unix"), 1)
    }

    /// Opens a file of the system's, whose calls go through `methods`.
    static func open(
        _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?, _ methods: UnsafePointer<sqlite3_io_methods>
    ) -> Int32 {
        guard let file, let system else { return SQLITE_ERROR }
        let shim = UnsafeMutableRawPointer(file).assumingMemoryBound(to: ShimFile.self)
        shim.pointee = ShimFile(base: sqlite3_file(pMethods: nil), name: name)
        let code = system.pointee.xOpen(system, name, real(file), flags, outFlags)
        if real(file).pointee.pMethods != nil { file.pointee.pMethods = methods }
        return code
    }

    static func delete(_ name: UnsafePointer<CChar>?, _ sync: Int32) -> Int32 {
        system?.pointee.xDelete(system, name, sync) ?? SQLITE_ERROR
    }

    /// The calls of a file that all go on to the system's.
    static func methods() -> sqlite3_io_methods {
        var table = sqlite3_io_methods()
        table.iVersion = 2
        table.xClose = { systemMethods($0).xClose(real($0)) }
        table.xRead = { systemMethods($0).xRead(real($0), $1, $2, $3) }
        table.xWrite = { systemMethods($0).xWrite(real($0), $1, $2, $3) }
        table.xTruncate = { systemMethods($0).xTruncate(real($0), $1) }
        table.xSync = { systemMethods($0).xSync(real($0), $1) }
        table.xFileSize = { systemMethods($0).xFileSize(real($0), $1) }
        table.xLock = { systemMethods($0).xLock(real($0), $1) }
        table.xUnlock = { systemMethods($0).xUnlock(real($0), $1) }
        table.xCheckReservedLock = { systemMethods($0).xCheckReservedLock(real($0), $1) }
        table.xFileControl = { systemMethods($0).xFileControl(real($0), $1, $2) }
        table.xSectorSize = { systemMethods($0).xSectorSize(real($0)) }
        table.xDeviceCharacteristics = { systemMethods($0).xDeviceCharacteristics(real($0)) }
        table.xShmMap = { systemMethods($0).xShmMap(real($0), $1, $2, $3, $4) }
        table.xShmLock = { systemMethods($0).xShmLock(real($0), $1, $2, $3) }
        table.xShmBarrier = { systemMethods($0).xShmBarrier(real($0)) }
        table.xShmUnmap = { systemMethods($0).xShmUnmap(real($0), $1) }
        return table
    }

    /// The path of an open file; nil of a temporary one.
    static func path(_ file: UnsafeMutablePointer<sqlite3_file>?) -> String? {
        guard let file else { return nil }
        let shim = UnsafeMutableRawPointer(file).assumingMemoryBound(to: ShimFile.self)
        return shim.pointee.name.map { String(cString: $0) }
    }
}

/// An open file; that of the system lies right behind it.
private struct ShimFile {
    var base = sqlite3_file()
    /// SQLite keeps it until the file is closed.
    var name: UnsafePointer<CChar>?
}

func real(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<sqlite3_file> {
    UnsafeMutableRawPointer(file!).advanced(by: MemoryLayout<ShimFile>.stride)
        .assumingMemoryBound(to: sqlite3_file.self)
}

func systemMethods(_ file: UnsafeMutablePointer<sqlite3_file>?) -> sqlite3_io_methods {
    real(file).pointee.pMethods.pointee
}
