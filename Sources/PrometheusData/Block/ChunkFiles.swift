/// A block's `chunks` directory: files of chunks, which the index names by file and offset.
///
///     4 bytes   0x85BD40DD
///     4 bytes   version 1, three zero bytes
///     …         chunks: varint length, encoding, as many bytes, CRC-32C of these and the encoding
///
/// - Source: Prometheus 3.5, `tsdb/docs/format/chunks.md`.
struct ChunkFiles {
    private var windows: [FileWindow?] = []
    private var paths: [String] = []

    /// The longest chunk that is read, in bytes.
    private static let chunkBytesMax = 1 << 24
    private static let windowBytes = 16 << 10
    /// Length and encoding.
    private static let headBytesMax = 6

    /// - Parameter report: is told of files that cannot be read.
    init(_ directory: String, report: (Damage) -> Void) {
        for name in (names(in: directory) ?? []).filter({ isDecimal($0) }) {
            let path = directory + "/" + name
            paths.append(path)
            do throws(FormatError) {
                windows.append(try ChunkFiles.open(path))
            } catch {
                report(Damage(file: path, offset: error.offset, reason: error.reason + "; its chunks are left out"))
                windows.append(nil)
            }
        }
    }

    private static func open(_ path: String) throws(FormatError) -> FileWindow {
        var window = FileWindow(try DataFile(path), windowBytes: windowBytes)
        let isChunks = try window.withBytes(at: 0, wanted: 8) {
            $0.elementsEqual([0x85, 0xBD, 0x40, 0xDD, 1, 0, 0, 0])
        }
        guard isChunks else { throw FormatError(at: 0, "expected a chunk file of version 1, 0x85BD40DD01") }
        return window
    }

    var byteCount: Int64 { windows.reduce(0) { $0 + ($1?.file.byteCount ?? 0) } }

    /// Calls `body` with a chunk's encoding and data, which ``FileWindow/padding`` readable bytes follow.
    ///
    /// - Returns: how many bytes the chunk takes in its file; nil where the file was reported before.
    mutating func withChunk(
        _ place: UInt64, _ body: (UInt8, UnsafeRawBufferPointer) throws(FormatError) -> Void
    ) throws(Damage) -> Int? {
        let number = Int(place >> 32)
        let offset = Int64(place & 0xffff_ffff)
        guard number < windows.count else {
            let file = paths.last ?? "chunks"
            throw Damage(file: file, offset: 0, reason: "the chunk file \(number + 1) is missing")
        }
        guard windows[number] != nil else { return nil }
        do throws(FormatError) {
            return try ChunkFiles.read(&windows[number]!, offset, body)
        } catch {
            throw Damage(file: paths[number], offset: error.moved(by: offset).offset, reason: error.reason)
        }
    }

    private static func read(
        _ window: inout FileWindow, _ offset: Int64, _ body: (UInt8, UnsafeRawBufferPointer) throws(FormatError) -> Void
    ) throws(FormatError) -> Int {
        let (length, head) = try window.withBytes(at: offset, wanted: headBytesMax) { (bytes) throws(FormatError) in
            var cursor = ByteCursor(bytes)
            return (try cursor.uvarint(), cursor.offset)
        }
        guard length <= UInt64(chunkBytesMax) else {
            throw FormatError(at: 0, "expected a chunk of at most \(chunkBytesMax) bytes, found \(length)")
        }
        let whole = head + 1 + Int(length) + 4
        return try window.withBytes(at: offset, wanted: whole) { (bytes) throws(FormatError) in
            var cursor = ByteCursor(bytes, from: head)
            let checked = try cursor.take(1 + Int(length))
            guard try cursor.be32() == crc32c(checked) else { throw FormatError(at: 0, "the checksum is wrong") }
            try body(checked[0], UnsafeRawBufferPointer(rebasing: checked[1...]))
            return whole
        }
    }
}
