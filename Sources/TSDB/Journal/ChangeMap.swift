/// Which values of a record differ from the ones before them.
struct ChangeMap {
    private var words: [UInt64]
    private let count: Int
    /// How often changed and unchanged values follow one another.
    private var borders = 0

    /// - Parameter previous: per run the bits that its first value is compared with.
    init(_ values: [Double], _ lengths: [Int], _ previous: [UInt64]) {
        count = values.count
        words = Array(repeating: 0, count: (values.count + 63) / 64)
        var index = 0
        var last = false
        for run in lengths.indices {
            var bits = previous[run]
            for _ in 0..<lengths[run] {
                let newBits = values[index].bitPattern
                let isChanged = newBits != bits
                if isChanged { words[index >> 6] |= 1 << UInt64(index & 63) }
                if isChanged != last { borders += 1 }
                last = isChanged
                bits = newBits
                index += 1
            }
        }
    }

    init(reading bytes: inout ByteReader, asBitmap: Bool, count: Int) throws(DecodeError) {
        self.count = count
        words = Array(repeating: 0, count: (count + 63) / 64)
        if asBitmap {
            for (index, byte) in try bytes.bytes((count + 7) / 8).enumerated() {
                words[index >> 3] |= UInt64(byte) << UInt64(8 * (index & 7))
            }
            return
        }
        var index = 0
        var isChanged = false
        while index < count {
            let length = try bytes.count(max: count - index)
            if isChanged { for at in index..<index + length { words[at >> 6] |= 1 << UInt64(at & 63) } }
            guard length > 0 || index == 0 else { throw DecodeError("a run of values is empty") }
            index += length
            isChanged.toggle()
        }
    }

    @inline(__always)
    subscript(index: Int) -> Bool { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }

    /// Whether a bit each takes less room than the lengths, of which there is one more than borders.
    var prefersBitmap: Bool { borders + 1 > (count + 7) / 8 }

    func append(to bytes: inout [UInt8]) {
        if prefersBitmap {
            for index in 0..<(count + 7) / 8 {
                bytes.append(UInt8(truncatingIfNeeded: words[index >> 3] >> UInt64(8 * (index & 7))))
            }
            return
        }
        var start = 0
        var isChanged = false
        while start < count {
            var end = start
            while end < count, self[end] == isChanged { end += 1 }
            bytes.appendVarint(UInt64(end - start))
            start = end
            isChanged.toggle()
        }
    }
}
