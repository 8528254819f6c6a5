/// What was deleted of a block and is still in its chunks: stretches of time by series.
///
///     4 bytes   0x0130BA30
///     1 byte    version 1
///     …         series, first time, last time, as varints
///     4 bytes   CRC-32C of the stretches
///
/// - Source: Prometheus 3.5, `tsdb/docs/format/tombstones.md`.
struct Tombstones {
    private var stretches: [UInt64: [ClosedRange<Int64>]] = [:]

    private static let bytesMax: Int64 = 1 << 30

    init() {}

    /// - Parameter path: a file that need not be there.
    init(_ path: String) throws(FormatError) {
        guard isFile(path) else { return }
        let bytes = try DataFile.readAll(path, bytesMax: Tombstones.bytesMax)
        guard bytes.count >= 9 else { throw FormatError(at: 0, "expected 9 bytes or more, found \(bytes.count)") }
        try bytes.withRawBytes { (all) throws(FormatError) in
            var end = ByteCursor(all, from: all.count - 4)
            let checked = UnsafeRawBufferPointer(rebasing: all[5..<all.count - 4])
            guard try end.be32() == crc32c(checked) else { throw FormatError(at: 0, "the checksum is wrong") }
            guard all.prefix(5).elementsEqual([0x01, 0x30, 0xBA, 0x30, 1]) else {
                throw FormatError(at: 0, "expected tombstones of version 1, 0x0130BA3001")
            }
            var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: all[..<(all.count - 4)]), from: 5)
            while cursor.remaining > 0 {
                add(try cursor.uvarint(), from: try cursor.varint(), to: try cursor.varint())
            }
        }
    }

    mutating func add(_ series: UInt64, from first: Int64, to last: Int64) {
        if first <= last { stretches[series, default: []].append(first...last) }
    }

    subscript(series: UInt64) -> [ClosedRange<Int64>] { stretches.isEmpty ? [] : stretches[series] ?? [] }
}
