import Model

/// How many bits the change of a distance has behind so many ones.
private let changeWidths: InlineArray<5, Int> = [0, 14, 17, 20, 64]

/// Floats: the first time and value whole, the second time as a distance, later ones as changes of it; values by ``XORValue``.
func decodeXOR(_ data: UnsafeRawBufferPointer, _ count: Int, _ sink: inout ChunkSink) throws(FormatError) {
    var cursor = BitCursor(data)
    var value = XORValue()
    var distance: Int64 = 0
    var time: Int64 = 0
    for index in 0..<count {
        if index == 0 {
            time = try cursor.varint()
            value.bits = try cursor.bits(64)
        } else {
            if index == 1 {
                distance = Int64(bitPattern: try cursor.uvarint())
            } else {
                let width = changeWidths[try cursor.ones(max: 4)]
                if width > 0 { distance &+= signed(try cursor.bits(width), width) }
            }
            time &+= distance
            try value.read(&cursor)
        }
        if try sink.wants(time) { sink.buffer.append(time, value.value) }
    }
}
