/// Reads `chunks_head`: chunks that Prometheus has filled and put on disk before their block is written.
///
///     4 bytes   0x0130BC91
///     4 bytes   version 1, three zero bytes
///     …         chunks: series, first time, last time, 8 bytes each; encoding, + 128 where it came out of order;
///               varint length, as many bytes; CRC-32C of all this
///     …         zero bytes
///
/// - Source: Prometheus 3.5, `tsdb/docs/format/head_chunks.md` and `tsdb/chunks/head_chunks.go`.
struct HeadChunkReader {
    struct Chunk {
        var series: UInt64
        var times: ClosedRange<Int64>
        var encoding: UInt8
    }

    private let paths: [String]
    private let report: (Damage) -> Void
    private var file = -1
    private var window: FileWindow?
    private var offset: Int64 = 0
    private(set) var bytesRead: Int64 = 0

    private static let windowBytes = 256 << 10
    private static let chunkBytesMax = 1 << 24
    /// Series, times, encoding, and a length of at most five bytes.
    private static let headBytesMax = 3 * 8 + 1 + 5

    init(_ paths: [String], report: @escaping (Damage) -> Void) {
        self.paths = paths
        self.report = report
    }

    /// Calls `body` with the next chunk and its data, which ``FileWindow/padding`` readable bytes follow; returns false
    /// behind the last one. Of a file with a damaged chunk the rest is left out, because nothing tells where the next one
    /// begins; the write-ahead log has its samples too.
    mutating func next(_ body: (Chunk, UnsafeRawBufferPointer) throws(FormatError) -> Void) -> Bool {
        while true {
            do throws(FormatError) {
                if window == nil, try !openNext() { return false }
                if try readChunk(body) { return true }
                window = nil
            } catch {
                report(Damage(file: paths[file], offset: error.offset, reason: error.reason + "; the rest is left out"))
                window = nil
            }
        }
    }

    private mutating func openNext() throws(FormatError) -> Bool {
        file += 1
        guard file < paths.count else {
            file = paths.count
            return false
        }
        var window = FileWindow(try DataFile(paths[file]), windowBytes: HeadChunkReader.windowBytes)
        bytesRead += window.file.byteCount
        // A file that was made and not yet written.
        if window.file.byteCount == 0 { return try openNext() }
        let isSound = try window.withBytes(at: 0, wanted: 8) { $0.elementsEqual([0x01, 0x30, 0xBC, 0x91, 1, 0, 0, 0]) }
        guard isSound else { throw FormatError(at: 0, "expected chunks of the head of version 1, 0x0130BC9101") }
        self.window = window
        offset = 8
        return true
    }

    /// Returns false where the file has no more chunks.
    private mutating func readChunk(
        _ body: (Chunk, UnsafeRawBufferPointer) throws(FormatError) -> Void
    ) throws(FormatError) -> Bool {
        guard var window else { return false }
        defer { if self.window != nil { self.window = window } }
        self.window = FileWindow(window.file, windowBytes: 0)
        let left = window.file.byteCount - offset
        let start = offset
        let isLast = file == paths.count - 1
        // The last chunk of the last file may be cut off where its writer was killed.
        if left < Int64(HeadChunkReader.headBytesMax), isLast { return false }
        let head = try window.withBytes(at: start, wanted: HeadChunkReader.headBytesMax) {
            (bytes) throws(FormatError) in
            if bytes.allSatisfy({ $0 == 0 }) { return nil as (Int, UInt64)? }
            var cursor = ByteCursor(bytes, from: 3 * 8 + 1)
            let length = try cursor.uvarint()
            return (cursor.offset, length)
        }
        guard let (headBytes, length) = head else { return false }
        guard length <= UInt64(HeadChunkReader.chunkBytesMax) else {
            throw FormatError(at: start, "expected a chunk of at most \(HeadChunkReader.chunkBytesMax) bytes")
        }
        let whole = headBytes + Int(length) + 4
        if Int64(whole) > left, isLast { return false }
        try window.withBytes(at: start, wanted: whole) { (bytes) throws(FormatError) in
            guard bytes.count == whole else { throw FormatError(at: start, "the file ends within a chunk") }
            let checked = UnsafeRawBufferPointer(rebasing: bytes[..<(whole - 4)])
            var end = ByteCursor(bytes, from: whole - 4)
            guard try end.be32() == crc32c(checked) else { throw FormatError(at: start, "the checksum is wrong") }
            var cursor = ByteCursor(checked)
            let series = try cursor.be64()
            let first = Int64(bitPattern: try cursor.be64())
            let last = Int64(bitPattern: try cursor.be64())
            guard first <= last else { throw FormatError(at: start, "a chunk's first time is behind its last one") }
            let chunk = Chunk(series: series, times: first...last, encoding: try cursor.byte())
            do throws(FormatError) {
                try body(chunk, UnsafeRawBufferPointer(rebasing: checked[headBytes...]))
            } catch {
                throw error.moved(by: start)
            }
        }
        offset += Int64(whole)
        return true
    }
}
