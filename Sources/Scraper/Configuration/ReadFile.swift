import Glibc

/// Why a file could not be read, in the system's words.
struct FileError: Error, Equatable {
    let reason: String
}

/// The bytes of the file at `path`, or why there are none: also where it has more than `bytesMax`.
func readWholeFile(_ path: String, bytesMax: Int) -> Result<[UInt8], FileError> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(FileError(reason: String(cString: strerror(errno)))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count == 0 { return .success(bytes) }
        if count < 0 {
            if errno == EINTR { continue }
            return .failure(FileError(reason: String(cString: strerror(errno))))
        }
        bytes += chunk[..<count]
        if bytes.count > bytesMax { return .failure(FileError(reason: "it has more than \(bytesMax) bytes")) }
    }
}
