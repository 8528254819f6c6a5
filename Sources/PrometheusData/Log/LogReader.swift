import CSnappy

/// Reads the records of a log: of the segments of `wal`, `wbl` or a checkpoint, in their order.
///
/// A segment is pages of 32 KiB; a record lies in one or more fragments, none of which reaches over the end of a page.
///
///     1 byte    0: the rest of the page is empty; 1: a whole record; 2, 3, 4: its first, middle, last part;
///               + 8: the record is compressed with snappy; + 16: with zstd
///     2 bytes   length
///     4 bytes   CRC-32C of what follows
///     …         as many bytes
///
/// - Source: Prometheus 3.5, `tsdb/docs/format/wal.md`.
struct LogReader {
    private let segments: [String]
    private let report: (Damage) -> Void

    private var segment = -1
    private var file: DataFile?
    private var page: [UInt8] = []
    private var pageStart: Int64 = 0
    private var pageCount = 0
    private var offset = 0
    /// Parts of a record whose last one has not come.
    private var record: [UInt8] = []
    private var recordParts = 0
    private var content: [UInt8] = []
    private(set) var bytesRead: Int64 = 0

    private static let pageBytes = 32 << 10
    private static let headBytes = 7
    /// The longest record that is read, in bytes; one holds what a scrape or a write request brought.
    private static let recordBytesMax = 1 << 30
    /// Three bytes of snappy stand for at most 64.
    private static let snappyRatioMax = 32

    /// - Parameters:
    ///   - segments: paths.
    ///   - report: is told of what is damaged; reading goes on with the next page.
    init(_ segments: [String], report: @escaping (Damage) -> Void) {
        self.segments = segments
        self.report = report
    }

    /// The file that is read now.
    var path: String { segments[max(0, min(segment, segments.count - 1))] }

    /// Where the last record ended.
    var place: Int64 { pageStart + Int64(offset) }

    /// Calls `body` with the next record; returns false behind the last one.
    mutating func next(_ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void) -> Bool {
        while true {
            do throws(FormatError) {
                guard let compression = try nextRecord() else { return false }
                try withContent(compression, body)
                recordParts = 0
                return true
            } catch {
                report(Damage(file: path, offset: error.offset, reason: error.reason + "; the record is left out"))
                recordParts = 0
            }
        }
    }

    /// Puts the next record together in `record`. Returns its compression, or nil behind the last one.
    private mutating func nextRecord() throws(FormatError) -> UInt8? {
        while true {
            guard try openPage() else { return nil }
            let kind = page[offset]
            if kind & 7 == 0 || pageCount - offset < LogReader.headBytes {
                offset = pageCount
                continue
            }
            guard let part = try fragment() else {
                offset = pageCount
                continue
            }
            let place = pageStart + Int64(offset)
            let isFirst = kind & 7 <= 2
            if isFirst { record.removeAll(keepingCapacity: true) }
            guard kind & 7 <= 4, isFirst ? recordParts == 0 : recordParts > 0 else {
                let hadBegun = recordParts > 0
                recordParts = 0
                // A record that was cut off when its writer ended; the segment's first page begins a new one.
                if hadBegun, isFirst, place == 0 { continue }
                if !isFirst { offset = part.upperBound }
                throw FormatError(at: place, hadBegun ? "a record has no end" : "a record has no beginning")
            }
            guard record.count + part.count <= LogReader.recordBytesMax else {
                offset = part.upperBound
                throw FormatError(at: pageStart, "a record is longer than \(LogReader.recordBytesMax) bytes")
            }
            record.append(contentsOf: page[part])
            recordParts += 1
            offset = part.upperBound
            if kind & 7 == 1 || kind & 7 == 4 { return kind & 24 }
        }
    }

    /// Where the data of the fragment at `offset` is; nil where it is cut off by the end of the last segment.
    private mutating func fragment() throws(FormatError) -> Range<Int>? {
        let length = Int(page[offset + 1]) << 8 | Int(page[offset + 2])
        let told = page[offset + 3..<offset + 7].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let start = offset + LogReader.headBytes
        let place = pageStart + Int64(offset)
        guard length <= pageCount - start else {
            // What is behind in this page cannot be found again.
            let isTorn = segment == segments.count - 1 && pageCount < LogReader.pageBytes
            offset = pageCount
            if isTorn { return nil }
            throw FormatError(at: place, "\(length) bytes are said to follow in a page with \(pageCount - start)")
        }
        let found = page.withUnsafeBytes { crc32c(UnsafeRawBufferPointer(rebasing: $0[start..<start + length])) }
        guard found == told else {
            offset = pageCount
            throw FormatError(at: place, "the checksum is wrong")
        }
        return start..<start + length
    }

    /// Makes `page` one of which something is left. Returns false behind the last one.
    private mutating func openPage() throws(FormatError) -> Bool {
        while offset >= pageCount {
            if let file, pageStart + Int64(pageCount) < file.byteCount {
                pageStart += Int64(pageCount)
            } else {
                segment += 1
                guard segment < segments.count else {
                    segment = segments.count
                    return false
                }
                (pageStart, pageCount, offset) = (0, 0, 0)
                file = nil
                file = try DataFile(segments[segment])
            }
            guard let file else { continue }
            let count = Int(min(Int64(LogReader.pageBytes), file.byteCount - pageStart))
            (pageCount, offset) = (count, 0)
            bytesRead += Int64(count)
            do throws(FormatError) {
                try file.read(at: pageStart, count: count, into: &page)
            } catch {
                offset = pageCount
                throw error
            }
        }
        return true
    }

    private mutating func withContent(
        _ compression: UInt8, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void
    ) throws(FormatError) {
        let place = pageStart + Int64(offset)
        switch compression {
        case 0: break
        case 8: try uncompress(at: place)
        default: throw FormatError(at: place, "the record is compressed with zstd, which is not read")
        }
        let bytes = compression == 0 ? record : content
        do throws(FormatError) {
            try bytes.withRawBytes { (bytes) throws(FormatError) in try body(bytes) }
        } catch {
            throw FormatError(at: place, error.reason)
        }
    }

    private mutating func uncompress(at place: Int64) throws(FormatError) {
        var length = 0
        let isSound = record.withUnsafeBytes { record -> Bool in
            let input = record.bindMemory(to: CChar.self)
            guard snappy_uncompressed_length(input.baseAddress, input.count, &length) == SNAPPY_OK,
                length <= LogReader.recordBytesMax, length <= LogReader.snappyRatioMax * input.count
            else { return false }
            content = [UInt8](unsafeUninitializedCapacity: length) { output, count in
                var written = length
                let status = output.withMemoryRebound(to: CChar.self) {
                    snappy_uncompress(input.baseAddress, input.count, $0.baseAddress, &written)
                }
                count = status == SNAPPY_OK ? min(written, length) : 0
            }
            return content.count == length
        }
        guard isSound else { throw FormatError(at: place, "the record is no block of snappy") }
    }

    /// Whether one of a segment's first records is compressed with zstd. Not the very first alone, because short records
    /// are not compressed.
    static func isZstd(_ path: String) -> Bool {
        guard let file = try? DataFile(path) else { return false }
        var page: [UInt8] = []
        for start in stride(from: 0, to: min(file.byteCount, 64 * Int64(pageBytes)), by: pageBytes) {
            let count = Int(min(Int64(pageBytes), file.byteCount - start))
            guard (try? file.read(at: start, count: count, into: &page)) != nil else { return false }
            var offset = 0
            while offset + headBytes <= count, page[offset] & 7 != 0 {
                if page[offset] & 16 != 0 { return true }
                offset += headBytes + (Int(page[offset + 1]) << 8 | Int(page[offset + 2]))
            }
        }
        return false
    }
}
