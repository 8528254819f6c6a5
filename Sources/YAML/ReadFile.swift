import Glibc

/// Why a file could not be read, in the system's words.
package struct FileError: Error, Equatable {
    package let reason: String
}

/// The bytes of the file at `path`, or why there are none: also where it has more than `bytesMax`.
/// - Parameter isWaiting: whether what may have to be waited for is read too, such as a pipe.
package func readWholeFile(_ path: String, bytesMax: Int, isWaiting: Bool = true) -> Result<[UInt8], FileError> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isWaiting ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { return .failure(FileError(reason: String(cString: strerror(errno)))) }
    defer { close(descriptor) }
    var status = stat()
    if !isWaiting, fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG {
        return .failure(FileError(reason: "it is not a regular file"))
    }
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

/// `path` with the folder of the configuration file before it where it is relative.
package func resolved(_ path: String, _ folder: String) -> String {
    path.isEmpty || path.hasPrefix("/") || folder.isEmpty ? path : folder + "/" + path
}

/// The folder that a file lies in; empty where its path names none.
package func folder(of file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return "" }
    return slash == file.startIndex ? "/" : String(file[..<slash])
}

/// The text of a configuration file of at most ``YAMLReader/bytesMax``.
///
/// - Throws: where it cannot be read, or is not in UTF-8.
package func readConfigurationText(_ path: String) throws(ConfigurationError) -> String {
    try configurationText(readWholeFile(path, bytesMax: YAMLReader.bytesMax), path)
}

/// The text of the configuration file at `path` that was read.
///
/// - Throws: where it could not be read, or is not in UTF-8.
package func configurationText(
    _ read: Result<[UInt8], FileError>, _ path: String
) throws(ConfigurationError) -> String {
    func fail(_ message: String) -> ConfigurationError {
        ConfigurationError(problems: [.init(file: path, line: 1, column: 1, message: message)])
    }
    switch read {
    case .failure(let error): throw fail("cannot read the configuration file: \(error.reason)")
    case .success(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fail("expected a file in UTF-8") }
        return text
    }
}
