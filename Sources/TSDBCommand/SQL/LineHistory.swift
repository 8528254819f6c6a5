#if canImport(Glibc)
import Glibc
#endif

/// Lines typed before, kept in `~/.tsdb_history` from one prompt to the next.
struct LineHistory {
    private var lines: [String]
    private let path: String?
    /// The line that is shown; `lines.count` for the one being typed.
    private var position = 0
    private var typed = ""

    private static let linesMax = 1000
    private static let bytesMax = 1 << 20

    init() {
        path = getenv("HOME").map { String(cString: $0) + "/.tsdb_history" }
        lines = path.map(LineHistory.load) ?? []
    }

    /// For lines that are not kept.
    init(lines: [String]) {
        self.lines = lines
        path = nil
    }

    /// A new line is being typed.
    mutating func begin() { position = lines.count }

    /// The line before the one shown; nil where there is none.
    /// - Parameter current: what is typed so far, for the way back.
    mutating func older(_ current: String) -> String? {
        guard position > 0 else { return nil }
        if position == lines.count { typed = current }
        position -= 1
        return lines[position]
    }

    mutating func newer() -> String? {
        guard position < lines.count else { return nil }
        position += 1
        return position == lines.count ? typed : lines[position]
    }

    /// Remembers a line, unless it is blank or the same as the one before.
    mutating func add(_ line: String) {
        guard line.contains(where: { !$0.isWhitespace }), line != lines.last else { return }
        lines.append(line)
        // A history that cannot be kept is no reason to stop.
        guard let path, let file = fopen(path, "a") else { return }
        fputs(line + "\n", file)
        fclose(file)
        chmod(path, 0o600)
    }

    private static func load(_ path: String) -> [String] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        if fseek(file, 0, SEEK_END) == 0 { fseek(file, max(0, ftell(file) - bytesMax), SEEK_SET) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = fread(&bytes, 1, bytes.count, file)
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        return lines.suffix(linesMax)
    }
}
