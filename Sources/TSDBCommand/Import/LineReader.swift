import CZlib

#if canImport(Glibc)
import Glibc
#endif

/// Reads a file or standard input in pieces of whole lines, unpacking gzip.
final class LineReader {
    /// As it was when the file was opened; 0 where it is not known.
    let byteCount: Int64
    /// How many bytes of the file were read, packed ones where it is packed.
    private(set) var bytesRead: Int64 = 0

    private let path: String
    private let descriptor: Int32
    private var inflater: Inflater?
    private var packed: [UInt8]
    /// What is not given out yet.
    private var rest: [UInt8] = []
    private var hasEnded = false

    private static let readBytes = 1 << 20
    /// The longest line that is read, in bytes, with room for what a parser says of a longer one.
    private static let lineBytesMax = 4 << 20

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(CommandFailure) {
        self.path = path
        descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        byteCount = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : 0
        packed = [UInt8](repeating: 0, count: LineReader.readBytes)
        // Enough for the first bytes that tell what it is.
        while rest.count < 6, try readMore() {}
        if rest.starts(with: [0x1f, 0x8b]) {
            inflater = try Inflater(path)
            let head = rest
            rest = []
            try inflater?.inflate(head[...], to: &rest)
        }
        if rest.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            throw CommandFailure("\(path) is packed with zstd: unpack it with `zstd -dc \(path) | tsdb import -`")
        }
    }

    deinit { close(descriptor) }

    /// The beginning of the text, as much as there is at once.
    func peek() throws(CommandFailure) -> ArraySlice<UInt8> {
        while rest.count < 1 << 16, try readMore() {}
        return rest[...]
    }

    /// The next lines, each with its line feed but the last one of all; nil behind them.
    func next() throws(CommandFailure) -> [UInt8]? {
        while true {
            if let end = rest.lastIndex(of: UInt8(ascii: "\n")) {
                let lines = Array(rest[...end])
                rest.removeFirst(end + 1)
                return lines
            }
            guard rest.count <= LineReader.lineBytesMax else {
                throw CommandFailure("\(path): a line is longer than \(LineReader.lineBytesMax) bytes")
            }
            if try !readMore() {
                defer { rest = [] }
                return rest.isEmpty ? nil : rest
            }
        }
    }

    /// Adds to `rest`. Returns false at the end.
    private func readMore() throws(CommandFailure) -> Bool {
        if hasEnded { return false }
        var count = -1
        repeat {
            count = packed.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw CommandFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
        if count == 0 {
            hasEnded = true
            try inflater?.finish()
            return false
        }
        bytesRead += Int64(count)
        if let inflater {
            try inflater.inflate(packed[..<count], to: &rest)
        } else {
            rest.append(contentsOf: packed[..<count])
        }
        return true
    }
}

/// Unpacks gzip, of which several may follow one another.
private final class Inflater {
    // SAFETY: the stream's pointers are set for each call of `inflate` to buffers that outlive it.
    private var stream = z_stream()
    private let path: String
    private var isWithinMember = true
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    init(_ path: String) throws(CommandFailure) {
        self.path = path
        // 15 bits of window, and 16 for the head of gzip.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw CommandFailure("zlib cannot be initialised")
        }
    }

    deinit { inflateEnd(&stream) }

    func inflate(_ input: ArraySlice<UInt8>, to content: inout [UInt8]) throws(CommandFailure) {
        var input = Array(input)
        var used = 0
        while used < input.count {
            if !isWithinMember {
                inflateReset(&stream)
                isWithinMember = true
            }
            let (status, taken, made) = step(&input, used)
            used += taken
            content.append(contentsOf: output[..<made])
            if status == Z_STREAM_END { isWithinMember = false }
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR && taken + made > 0 else {
                throw CommandFailure("\(path) is damaged: \(stream.msg.map { String(cString: $0) } ?? "no gzip")")
            }
        }
    }

    private func step(_ input: inout [UInt8], _ used: Int) -> (status: Int32, taken: Int, made: Int) {
        let left = input.count - used
        let room = output.count
        let status = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress.map { $0 + used }
                stream.avail_in = UInt32(left)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(room)
                return CZlib.inflate(&stream, Z_NO_FLUSH)
            }
        }
        return (status, left - Int(stream.avail_in), room - Int(stream.avail_out))
    }

    func finish() throws(CommandFailure) {
        if isWithinMember { throw CommandFailure("\(path) is cut off: the gzip data has no end") }
    }
}
