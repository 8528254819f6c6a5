import Model

/// The checksum of a row that is neither of `chunk`, `journal` nor `block`, which have theirs: what the disk has changed is
/// not served as something else.
///
/// Each part is hashed with what came out of the part before it, the first with the number of the row, so that neither
/// bytes in another row's place pass nor such that went from one part to the next.
struct RowChecksum {
    private var state: UInt64

    /// - Parameter row: the row's number; 0 where it has none that means anything.
    init(row: Int64 = 0) { state = UInt64(bitPattern: row) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        state = bytes.withMemoryRebound(to: UInt8.self) { hash64($0, seed: state) }
    }

    mutating func add(_ number: Int64) {
        var bytes: [UInt8] = []
        bytes.appendFixed64(UInt64(bitPattern: number))
        bytes.withUnsafeBytes { add($0) }
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    var value: Int64 { Int64(UInt32(truncatingIfNeeded: state)) }
}

extension RowChecksum {
    /// Of a series: its labels themselves, so that it also tells where the rows of `label` are not what they were.
    /// - Parameter labels: as ``Labels/encoded``.
    static func series(_ id: UInt32, labels: [UInt8]) -> Int64 {
        var sum = RowChecksum(row: Int64(id))
        labels.withUnsafeBytes { sum.add($0) }
        return sum.value
    }

    static func metadata(_ metadata: MetricMetadata, type: String) -> Int64 {
        var sum = RowChecksum()
        for text in [metadata.metric, type, metadata.help, metadata.unit] { sum.add(text) }
        return sum.value
    }

    /// - Parameter value: the bits of its value.
    static func exemplar(series: Int64, time: Int64, value: Int64, labels: UnsafeRawBufferPointer) -> Int64 {
        var sum = RowChecksum()
        for number in [series, time, value] { sum.add(number) }
        sum.add(labels)
        return sum.value
    }

    static func follower(_ name: String, _ position: LogPosition) -> Int64 {
        var sum = RowChecksum()
        sum.add(name)
        for number in position.numbers { sum.add(number) }
        return sum.value
    }

    static func setting(_ key: String, _ value: Int64) -> Int64 {
        var sum = RowChecksum()
        sum.add(key)
        sum.add(value)
        return sum.value
    }
}

extension LogPosition {
    /// In the order of the columns.
    var numbers: [Int64] { [record, exemplar, begunRecord, begunExemplar, note] }
}
