import Model

/// The strings of an index, which its series name by number.
struct SymbolTable {
    /// The section behind its length: the number of strings, then the strings.
    private let bytes: [UInt8]
    /// Per string where its length lies in `bytes`.
    private var places: [UInt32] = []
    /// What a number is in the first version of the format: the place in the file, this many bytes further.
    private let placesMoved: Int64?

    /// - Parameter offset: of the section in the index.
    init(_ file: DataFile, at offset: Int64, version: UInt8) throws(FormatError) {
        let (content, start) = try readSection(file, at: offset)
        bytes = content
        placesMoved = version == 1 ? start : nil
        do throws(FormatError) {
            places = try SymbolTable.findPlaces(content)
        } catch {
            throw error.moved(by: start)
        }
    }

    private static func findPlaces(_ content: [UInt8]) throws(FormatError) -> [UInt32] {
        try content.withRawBytes { (all) throws(FormatError) in
            var cursor = ByteCursor(all)
            let count = Int(try cursor.be32())
            guard count <= cursor.remaining else {
                throw cursor.error("\(count) symbols are said to follow in \(cursor.remaining) bytes")
            }
            var places: [UInt32] = []
            places.reserveCapacity(count)
            for _ in 0..<count {
                places.append(UInt32(cursor.offset))
                let text = try cursor.string()
                guard isUTF8(text.text) else { throw cursor.error("expected a symbol in UTF-8") }
            }
            return places
        }
    }

    /// Calls `body` with the string that has this number.
    func withString<Value>(
        _ number: UInt64, _ body: (UnsafeBufferPointer<UInt8>) throws(FormatError) -> Value
    ) throws(FormatError) -> Value {
        let place = try place(number)
        return try bytes.withRawBytes { (all) throws(FormatError) in
            var cursor = ByteCursor(all, from: place)
            return try body(try cursor.string().text)
        }
    }

    private func place(_ number: UInt64) throws(FormatError) -> Int {
        guard let placesMoved else {
            guard number < UInt64(places.count) else {
                throw FormatError(at: 0, "expected a symbol below \(places.count), found \(number)")
            }
            return Int(places[Int(number)])
        }
        let place = Int64(clamping: number) &- placesMoved
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if Int64(places[middle]) < place { low = middle + 1 } else { high = middle }
        }
        guard low < places.count, Int64(places[low]) == place else {
            throw FormatError(at: 0, "expected the place of a symbol, found \(number)")
        }
        return Int(place)
    }
}

/// The content of a section that lies between its length and its checksum, and where it begins in the file.
private func readSection(_ file: DataFile, at offset: Int64) throws(FormatError) -> (content: [UInt8], start: Int64) {
    var head: [UInt8] = []
    try file.read(at: offset, count: 4, into: &head)
    let length = Int(head[0]) << 24 | Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
    guard Int64(length) <= file.byteCount - offset - 8 else {
        throw FormatError(at: offset, "\(length) bytes are said to follow, the file ends at \(file.byteCount)")
    }
    var content: [UInt8] = []
    try file.read(at: offset + 4, count: length + 4, into: &content)
    let checksum = content.withUnsafeBytes {
        (
            found: crc32c(UnsafeRawBufferPointer(rebasing: $0[..<length])),
            told: UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: length, as: UInt32.self))
        )
    }
    guard checksum.found == checksum.told else { throw FormatError(at: offset, "the checksum is wrong") }
    content.removeLast(content.count - length)
    return (content, offset + 4)
}

/// Whether bytes are UTF-8.
func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if bytes.allSatisfy({ $0 < 128 }) { return true }
    return String(validating: bytes, as: UTF8.self) != nil
}
