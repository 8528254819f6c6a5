#if canImport(Glibc)
import Glibc
#endif

/// A file or standard output that is written in large pieces.
final class OutputFile {
    private let path: String?
    private let descriptor: Int32

    /// - Parameter path: nil or `-` for standard output; what is there is replaced.
    init(_ path: String?) throws(CommandFailure) {
        self.path = path == "-" ? nil : path
        descriptor = self.path.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) } ?? 1
        guard descriptor >= 0 else {
            throw CommandFailure("cannot write \(path ?? ""): \(String(cString: strerror(errno)))")
        }
    }

    /// Writes all of `text` and empties it.
    func write(_ text: inout [UInt8]) throws {
        var done = 0
        while done < text.count {
            let count = text.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(errno) }
            done += count
        }
        text.removeAll(keepingCapacity: true)
    }

    /// Brings what was written to the disk.
    func finish() throws {
        guard path != nil else { return }
        guard fsync(descriptor) == 0 || errno == EINVAL, close(descriptor) == 0 else { throw failure(errno) }
    }

    private func failure(_ code: Int32) -> any Error {
        // A reader that has seen enough, such as `head`.
        if code == EPIPE, path == nil { return ReaderGone() }
        return CommandFailure("cannot write \(path ?? "standard output"): \(String(cString: strerror(code)))")
    }
}

/// Whoever reads standard output has closed it.
struct ReaderGone: Error {}
