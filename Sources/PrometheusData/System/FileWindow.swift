/// Reads a file in small pieces that lie near one another, through a window of it in memory.
struct FileWindow {
    let file: DataFile
    private var bytes: [UInt8] = []
    private var start: Int64 = 0
    private var count = 0
    private let windowBytes: Int

    init(_ file: DataFile, windowBytes: Int) {
        self.file = file
        self.windowBytes = windowBytes
    }

    /// Bytes that may be read behind what was asked for; they mean nothing.
    static let padding = 16

    /// Calls `body` with the bytes from `offset` on, `wanted` of them or as many as the file has.
    mutating func withBytes<Value>(
        at offset: Int64, wanted: Int, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Value
    ) throws(FormatError) -> Value {
        let left = file.byteCount - offset
        guard offset >= 0, left >= 0 else { throw FormatError(at: 0, "the file ends at \(file.byteCount)") }
        let length = Int(min(Int64(wanted), left))
        if offset < start || offset + Int64(length) > start + Int64(count) { try fill(offset, length, left) }
        let first = Int(offset - start)
        return try bytes.withRawBytes { (all) throws(FormatError) in
            try body(UnsafeRawBufferPointer(rebasing: all[first..<first + length]))
        }
    }

    private mutating func fill(_ offset: Int64, _ length: Int, _ left: Int64) throws(FormatError) {
        let more = Int(min(Int64(max(length, windowBytes)), left))
        count = 0
        if bytes.count < more + FileWindow.padding {
            bytes += [UInt8](repeating: 0, count: more + FileWindow.padding - bytes.count)
        }
        do throws(FormatError) {
            try file.read(at: offset, count: more, into: &bytes)
        } catch {
            throw error.moved(by: -offset)
        }
        (start, count) = (offset, more)
    }
}
