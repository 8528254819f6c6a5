import Glibc

/// What a directory's files take on the disk, in bytes: their allocated blocks, whatever they are for.
func allocatedBytes(_ path: String) -> Int {
    var total = 0
    walk(path) { path, info in
        if info.st_mode & S_IFMT == S_IFREG { total += Int(info.st_blocks) * 512 }
    }
    return total
}

/// Deletes a directory and what is in it.
func removeTree(_ path: String) {
    walk(path) { path, info in
        if info.st_mode & S_IFMT == S_IFDIR { rmdir(path) } else { unlink(path) }
    }
}

/// Visits what is below a path and then itself. What goes away meanwhile is passed over.
private func walk(_ path: String, _ visit: (String, stat) -> Void) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    if info.st_mode & S_IFMT == S_IFDIR, let directory = opendir(path) {
        var names: [String] = []
        while let entry = readdir(directory) {
            // SAFETY: readdir ends the name with a zero, and the entry is valid until the next call.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(directory)
        for name in names { walk("\(path)/\(name)", visit) }
    }
    visit(path, info)
}

/// The whole of a small file, such as one in `/proc`; nil where it cannot be read.
func readText(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

/// Replaces a file's contents.
func writeText(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else {
        throw BenchmarkError("cannot write \(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    guard fwrite(text, 1, text.utf8.count, file) == text.utf8.count, fflush(file) == 0 else {
        throw BenchmarkError("cannot write all of \(path): \(String(cString: strerror(errno)))")
    }
}
