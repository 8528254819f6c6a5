import Glibc

/// A file of which ranges are read. Nothing is mapped into memory, so that a file that shrinks meanwhile or a disk that
/// fails gives an error and no signal.
final class DataFile {
    let path: String
    /// As it was when the file was opened.
    let byteCount: Int64
    private let descriptor: Int32

    init(_ path: String) throws(FormatError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FormatError(at: 0, "cannot be opened: \(systemError(errno))") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FormatError(at: 0, "expected a file")
        }
        byteCount = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads `count` bytes at `offset` to the beginning of `buffer`, which is enlarged where it is too small; what is in
    /// it behind them means nothing.
    func read(at offset: Int64, count: Int, into buffer: inout [UInt8]) throws(FormatError) {
        guard offset >= 0, count >= 0, offset <= byteCount, Int64(count) <= byteCount - offset else {
            throw FormatError(at: offset, "expected \(count) bytes more, the file ends at \(byteCount)")
        }
        if buffer.count < count { buffer += [UInt8](repeating: 0, count: count - buffer.count) }
        var done = 0
        while done < count {
            let got = buffer.withUnsafeMutableBytes { bytes in
                // The range is inside the buffer: done < count ≤ buffer.count.
                pread(descriptor, bytes.baseAddress! + done, count - done, off_t(offset) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                let why = got == 0 ? "the file has become shorter" : systemError(errno)
                throw FormatError(at: offset + Int64(done), "cannot be read: \(why)")
            }
            done += got
        }
    }

    /// The bytes of a file that is at most so long.
    static func readAll(_ path: String, bytesMax: Int64) throws(FormatError) -> [UInt8] {
        let file = try DataFile(path)
        guard file.byteCount <= bytesMax else {
            throw FormatError(at: 0, "expected at most \(bytesMax) bytes, found \(file.byteCount)")
        }
        var bytes: [UInt8] = []
        try file.read(at: 0, count: Int(file.byteCount), into: &bytes)
        return bytes
    }
}

/// What `errno` means.
func systemError(_ code: Int32) -> String { String(cString: strerror(code)) }

/// The names in a directory, sorted; nil where it cannot be read.
func names(in directory: String) -> [String]? {
    guard let handle = opendir(directory) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

/// Whether a name is made of digits alone, as those of segments are.
func isDecimal(_ name: some StringProtocol) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
}
