import Model

/// A block's `index`: which series it has, and where their chunks are.
///
///     4 bytes   0xBAAAD700
///     1 byte    version: in 1 series name symbols by their place, in 2 by their number, and begin at multiples of 16
///     …         sections
///     6 × 8     where they are; 0 for one that is not there
///     4 bytes   CRC-32C of the 48 before
///
/// - Source: Prometheus 3.5, `tsdb/docs/format/index.md`.
struct BlockIndex {
    let file: DataFile
    let version: UInt8
    let symbols: SymbolTable
    /// Where series lie in the file.
    let series: Range<Int64>

    private static let magic: UInt32 = 0xBAAA_D700
    private static let contentsBytes = 6 * 8 + 4

    init(_ path: String) throws(FormatError) {
        file = try DataFile(path)
        var head: [UInt8] = []
        try file.read(at: 0, count: 5, into: &head)
        guard head.prefix(4).elementsEqual([0xBA, 0xAA, 0xD7, 0x00]) else {
            throw FormatError(at: 0, "expected the beginning of an index, 0xBAAAD700")
        }
        version = head[4]
        guard version == 1 || version == 2 else {
            throw FormatError(at: 4, "expected an index of version 1 or 2, found \(version)")
        }
        let sections = try BlockIndex.readContents(file)
        let end = sections.filter { $0 > sections[1] }.min() ?? file.byteCount - Int64(BlockIndex.contentsBytes)
        symbols = try SymbolTable(file, at: sections[0], version: version)
        series = sections[1] == 0 ? 0..<0 : sections[1]..<end
    }

    private static func readContents(_ file: DataFile) throws(FormatError) -> [Int64] {
        let start = file.byteCount - Int64(contentsBytes)
        guard start >= 5 else { throw FormatError(at: file.byteCount, "expected a table of contents") }
        var bytes: [UInt8] = []
        try file.read(at: start, count: contentsBytes, into: &bytes)
        return try bytes.withRawBytes { (all) throws(FormatError) in
            var cursor = ByteCursor(all)
            var sections: [Int64] = []
            for _ in 0..<6 { sections.append(Int64(clamping: try cursor.be64())) }
            guard try cursor.be32() == crc32c(UnsafeRawBufferPointer(rebasing: all[..<48])) else {
                throw FormatError(at: start, "the checksum of the table of contents is wrong")
            }
            for section in sections where section > start {
                throw FormatError(at: start, "a section is said to be at \(section), behind the end")
            }
            return sections
        }
    }
}

/// A series of a block, and where its chunks are.
struct IndexedSeries {
    /// What tombstones name it by.
    var reference: UInt64 = 0
    /// Numbers of the symbols: name, value, name, value, ….
    var labels: [UInt64] = []
    var chunks: [IndexedChunk] = []

    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        labels.removeAll(keepingCapacity: true)
        chunks.removeAll(keepingCapacity: true)
        var cursor = ByteCursor(bytes)
        for _ in 0..<2 * (try cursor.count(bytesEach: 2)) { labels.append(try cursor.uvarint()) }
        var (time, place): (Int64, Int64) = (0, 0)
        for index in 0..<(try cursor.count(bytesEach: 3)) {
            let minTime = index == 0 ? try cursor.varint() : time &+ Int64(bitPattern: try cursor.uvarint())
            let maxTime = minTime &+ Int64(bitPattern: try cursor.uvarint())
            place = index == 0 ? Int64(bitPattern: try cursor.uvarint()) : place &+ (try cursor.varint())
            guard minTime <= maxTime, index == 0 || minTime > time else {
                throw cursor.error("expected chunks one after another in time")
            }
            chunks.append(IndexedChunk(minTime: minTime, maxTime: maxTime, place: UInt64(bitPattern: place)))
            time = maxTime
        }
    }

    func makeLabels(_ symbols: SymbolTable) throws(FormatError) -> Labels {
        var builder = LabelsReader()
        for index in stride(from: 0, to: labels.count, by: 2) {
            try symbols.withString(labels[index]) { (name) throws(FormatError) in
                try symbols.withString(labels[index + 1]) { (value) throws(FormatError) in builder.add(name, value) }
            }
        }
        return builder.labels()
    }
}

struct IndexedChunk {
    var minTime: Int64
    var maxTime: Int64
    /// The number of the chunk file, from 0, in the upper half, the offset in it in the lower.
    var place: UInt64
}
