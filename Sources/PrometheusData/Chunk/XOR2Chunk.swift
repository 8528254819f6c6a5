import Model

/// Floats as Prometheus 3.14 can write them: one prefix for the change of the distance and the value, and start times.
///
/// The third byte tells of start times: its top bit says that the first sample has one, the other bits from which sample
/// on (0: none) there is one with each.
///
///     0       the distance and the value as before
///     10      the distance as before; 0: the value's bits differ where they did, 1: elsewhere
///     110     a change of the distance in 13 bits, then the value
///     1110    … in 20 bits
///     11110   … in 64 bits
///     11111   the distance as before, a staleness marker
///
/// A value is `0`: as before; `10`: its bits differ where they did; `110`: elsewhere; `111`: a staleness marker, which the
/// next value is not compared with, but with the last one before it, at first 0.
///
/// - Source: Prometheus 3.14, `tsdb/chunkenc/xor2.go`, its comments.
func decodeXOR2(_ data: UnsafeRawBufferPointer, _ count: Int, _ sink: inout ChunkSink) throws(FormatError) {
    var cursor = BitCursor(UnsafeRawBufferPointer(rebasing: data[3...]))
    var start = StartTimes(header: data[2])
    var value = XORValue()
    var distance: Int64 = 0
    var time: Int64 = 0
    for index in 0..<count {
        let before = time
        var isStale = false
        if index == 0 {
            time = try cursor.varint()
            value.bits = try cursor.bits(64)
            isStale = StaleMarker.isStale(value.value)
            if isStale { value.bits = 0 }
        } else if index == 1 {
            distance = Int64(bitPattern: try cursor.uvarint())
            time &+= distance
            isStale = try readXOR2Value(&value, &cursor)
        } else {
            let (change, known) = try readJoint(&value, &cursor)
            distance &+= change
            time &+= distance
            isStale = if let known { known } else { try readXOR2Value(&value, &cursor) }
        }
        try start.read(&cursor, index, time: time, before: before)
        if try sink.wants(time) {
            sink.buffer.setStartTime(start.time)
            sink.buffer.append(time, isStale ? StaleMarker.value : value.value)
        }
    }
}

/// The change of the distance, and where the prefix tells of the value too whether it is a staleness marker.
private func readJoint(
    _ value: inout XORValue, _ cursor: inout BitCursor
) throws(FormatError) -> (change: Int64, isStale: Bool?) {
    switch try cursor.ones(max: 5) {
    case 0: return (0, false)
    case 1:
        if try cursor.bit() { try value.readWindow(&cursor) }
        try value.readDifference(&cursor)
        return (0, false)
    case 2: return (twosComplement(try cursor.bits(13), 13), nil)
    case 3: return (twosComplement(try cursor.bits(20), 20), nil)
    case 4: return (Int64(bitPattern: try cursor.bits(64)), nil)
    default: return (0, true)
    }
}

/// Whether the value is a staleness marker.
private func readXOR2Value(_ value: inout XORValue, _ cursor: inout BitCursor) throws(FormatError) -> Bool {
    switch try cursor.ones(max: 3) {
    case 0: return false
    case 1: break
    case 2: try value.readWindow(&cursor)
    default: return true
    }
    try value.readDifference(&cursor)
    return false
}

private func twosComplement(_ bits: UInt64, _ width: UInt64) -> Int64 {
    Int64(bitPattern: bits << (64 - width)) >> Int64(64 - width)
}

/// The times from which on samples count, which follow the samples.
private struct StartTimes {
    let isFirstKnown: Bool
    let changesFrom: Int
    /// 0 where it is not known.
    var time: Int64 = 0
    private var difference: Int64 = 0

    init(header: UInt8) {
        isFirstKnown = header & 128 != 0
        changesFrom = Int(header & 127)
    }

    mutating func read(
        _ cursor: inout BitCursor, _ index: Int, time now: Int64, before: Int64
    ) throws(FormatError) {
        if index == 0 {
            if isFirstKnown { time = now &- (try cursor.varint()) }
        } else if changesFrom > 0, index >= changesFrom {
            let change = try cursor.varbitInt()
            difference = index == changesFrom ? change : difference &+ change
            time = before &- difference
        }
    }
}
