import Glibc

/// A new empty directory, which is removed with the object.
public final class TemporaryDirectory: Sendable {
    /// Where a directory lies.
    public enum Place: Sendable {
        /// In memory where there is such a place: tests wait for the disk longer than for anything else.
        case memory
        /// Below `/tmp`: for files that are mapped as programs, which memory may refuse, and for whole servers.
        case disk
    }

    public let path: String

    public init(_ place: Place = .memory) {
        let parent = place == .memory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/tsdb-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            preconditionFailure("cannot make a directory in \(parent): \(describe(errno))")
        }
        path = String(cString: made)
    }

    deinit { removeAll(path) }
}

/// Removes a directory with all that is in it.
public func removeAll(_ path: String) {
    for name in fileNames(path) {
        let inner = path + "/" + name
        if unlink(inner) != 0 { removeAll(inner) }
    }
    rmdir(path)
}

/// The names in a directory, sorted; none where it cannot be read.
public func fileNames(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}
