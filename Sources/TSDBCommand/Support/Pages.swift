import Glibc

/// Lets go of the pages of program code that have been read so far: most of them only starting needed. What is used again
/// comes back from the system's cache of the file, without a disk being read.
func releaseProgramPages() {
    guard let maps = fopen("/proc/self/maps", "r") else { return }
    defer { fclose(maps) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, maps) > 0, let text = line.map({ String(cString: $0) }) {
        // start-end permissions offset device inode path
        let fields = text.split(whereSeparator: \.isWhitespace)
        // What can be written, or could be once, may hold what is in no file; code never could.
        guard fields.count == 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
        let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard bounds.count == 2 else { continue }
        madvise(UnsafeMutableRawPointer(bitPattern: bounds[0]), Int(bounds[1] - bounds[0]), MADV_DONTNEED)
    }
}
