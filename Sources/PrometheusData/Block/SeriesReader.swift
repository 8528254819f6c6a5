/// Reads the series of an index one after another.
///
///     varint    length
///     …         labels and chunks
///     4 bytes   CRC-32C of them
struct SeriesReader {
    private let index: BlockIndex
    private var window: FileWindow
    private var offset: Int64

    /// Zero bytes fill up to multiples of this.
    private var alignment: Int64 { index.version == 1 ? 1 : 16 }

    private static let windowBytes = 256 << 10
    /// A length has at most five bytes.
    private static let lengthBytesMax = 5

    init(_ index: BlockIndex) {
        self.index = index
        window = FileWindow(index.file, windowBytes: SeriesReader.windowBytes)
        offset = index.series.lowerBound
    }

    /// Reads the next series, or returns false behind the last one.
    ///
    /// - Throws: where one is damaged; the next call goes on behind it.
    mutating func next(_ series: inout IndexedSeries) throws(FormatError) -> Bool {
        let first = try skipPadding()
        guard let first else { return false }
        do throws(FormatError) {
            let length = try length(at: first)
            let start = first + Int64(length.bytes)
            let end = start + Int64(length.value) + 4
            guard end <= index.series.upperBound else {
                throw FormatError(at: first, "a series is said to have \(length.value) bytes")
            }
            try window.withBytes(at: start, wanted: length.value + 4) { (bytes) throws(FormatError) in
                let content = UnsafeRawBufferPointer(rebasing: bytes[..<length.value])
                var rest = ByteCursor(bytes, from: length.value)
                guard try rest.be32() == crc32c(content) else { throw FormatError(at: first, "the checksum is wrong") }
                do throws(FormatError) { try series.read(content) } catch { throw error.moved(by: start) }
            }
            series.reference = UInt64(index.version == 1 ? first : first / 16)
            offset = end
            return true
        } catch {
            // In version 2 the next one begins at a multiple of 16; in version 1 nothing tells where.
            offset = index.version == 1 ? index.series.upperBound : first + 16
            throw error
        }
    }

    /// Where the next series begins.
    private mutating func skipPadding() throws(FormatError) -> Int64? {
        offset = (offset + alignment - 1) / alignment * alignment
        while offset < index.series.upperBound {
            let isPadding = try window.withBytes(at: offset, wanted: 1) { $0[0] == 0 }
            if !isPadding { return offset }
            offset += alignment
        }
        return nil
    }

    private mutating func length(at offset: Int64) throws(FormatError) -> (value: Int, bytes: Int) {
        try window.withBytes(at: offset, wanted: SeriesReader.lengthBytesMax) { (bytes) throws(FormatError) in
            var cursor = ByteCursor(bytes)
            let value = try cursor.uvarint()
            guard value <= UInt64(UInt32.max) else { throw FormatError(at: offset, "a series of \(value) bytes") }
            return (Int(value), cursor.offset)
        }
    }
}
