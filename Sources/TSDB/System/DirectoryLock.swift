import Glibc
import Model

/// Keeps a second writer out of a directory. The lock is the system's, on an open file, and goes with the process,
/// however it ends; the file's text only says who holds it.
final class DirectoryLock: Sendable {
    let descriptor: Int32

    /// - Throws: ``StorageError/locked(_:)`` with the holder, where there is one.
    init(directory: String, clock: any WallClock) throws(StorageError) {
        let path = directory + "/lock"
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw .cannotOpen("cannot open \(path) for writing: \(systemError(errno))") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = readText(opened)
            close(opened)
            guard code == EWOULDBLOCK else { throw .cannotOpen("cannot lock \(path): \(systemError(code))") }
            throw .locked("\(directory) is already open for writing by \(holder.isEmpty ? "another process" : holder)")
        }
        descriptor = opened
        let text = "process \(getpid()), since \(formatUTC(clock.nowMs()))\n"
        _ = ftruncate(opened, 0)
        _ = text.withBytes { pwrite(opened, $0.baseAddress, $0.count, 0) }
    }

    deinit {
        // Unlocked and not just closed: a child between fork and exec still has the descriptor open.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

/// What `errno` means.
func systemError(_ code: Int32) -> String { String(cString: strerror(code)) }

private func readText(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    return String(text.prefix { $0 != "\n" })
}

/// A time as in `2026-01-02T03:04:05Z`; in milliseconds where its year has no name.
func formatUTC(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "\(milliseconds) ms" }
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
