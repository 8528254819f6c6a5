import Glibc

/// The bytes of a file of at most `bytesMax` bytes.
///
/// - Throws: `SourceError` with the system's reason, or the size.
func readFile(_ path: String, bytesMax: Int) throws(SourceError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SourceError("cannot open \(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw SourceError("cannot read \(path): \(String(cString: strerror(errno)))") }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
        guard bytes.count <= bytesMax else { throw SourceError("\(path) is longer than \(bytesMax) bytes") }
    }
}

/// The same as text; what is no UTF-8 becomes U+FFFD.
func readTextFile(_ path: String, bytesMax: Int) throws(SourceError) -> String {
    String(decoding: try readFile(path, bytesMax: bytesMax), as: UTF8.self)
}

/// Where a symbolic link points; nil where there is none that can be read.
func linkTarget(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
        guard let base = buffer.baseAddress else { return nil }
        let length = readlink(path, base, 1023)
        guard length >= 0 else { return nil }
        buffer[length] = 0
        return String(cString: base)
    }
}
