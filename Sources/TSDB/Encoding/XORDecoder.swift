import Model

/// How far behind its end ``decodeXOR(_:bitCount:count:firstTime:into:)`` may read from a stream that is damaged: one
/// sample that starts at the last bit, and the word that holds its end.
let xorDecodePaddingBytes = (XORAppender.sampleBitsMax + 7) / 8 + bitPaddingBytes

/// Appends the samples of a whole chunk to `buffer`. The stream's layout is drawn at ``XORAppender``.
///
/// - Parameters:
///   - base: the stream, with ``xorDecodePaddingBytes`` readable bytes behind it; with ``bitPaddingBytes`` where the
///     stream is known to be sound.
///   - bitCount: its length in bits; less than eight bits of filling may be counted.
///   - count: how many samples it holds.
///   - firstTime: the timestamp of the first one.
/// - Throws: where the stream ends before the last sample; `buffer` is as before then.
func decodeXOR(
    _ base: UnsafeRawPointer, bitCount: Int, count: Int, firstTime: Int64, into buffer: SampleBuffer
) throws(DecodeError) {
    guard count > 0 else { return }
    // A sample behind the first takes two bits at least: a count from a damaged row cannot ask for unbounded room.
    guard bitCount >= 64, count - 1 <= (bitCount - 64) / 2 else { throw .truncated }
    buffer.reserve(count)
    let decoded = decodeXORLoop(
        base, bitCount, count, firstTime, buffer.timestamps + buffer.count, buffer.values + buffer.count)
    guard decoded else { throw .truncated }
    buffer.count += count
}

/// The loop of the decoder. Returns false where the stream ends early.
private func decodeXORLoop(
    _ base: UnsafeRawPointer, _ bitCount: Int, _ count: Int, _ firstTime: Int64,
    _ times: UnsafeMutablePointer<Int64>, _ values: UnsafeMutablePointer<Double>
) -> Bool {
    var position = 0
    var time = firstTime
    var distance: Int64 = 0
    var bits = readWord(base, &position)
    var leading: UInt64 = 0
    var significant: UInt64 = 0
    times[0] = time
    values[0] = Double(bitPattern: bits)
    for index in 1..<max(count, 1) {
        var word = peekBits(base, position)
        if word >> 63 == 0 {
            // The usual case goes on with the 56 bits that are left in the word.
            word <<= 1
            position += 1
        } else {
            distance &+= readDistanceChange(base, &position, word)
            word = peekBits(base, position)
        }
        time &+= distance
        if word >> 63 == 0 {
            position += 1
        } else {
            position += 2
            if word >> 62 == 0b11 {
                leading = (word << 2) >> 59
                significant = ((word << 7) >> 58) + 1
                position += 11
                // A damaged header can name more bits than a value has.
                if leading + significant > 64 { return false }
            } else if significant == 0 {
                return false
            }
            bits ^= readWindow(base, position, significant) << (64 - leading - significant)
            position += Int(significant)
        }
        if position > bitCount { return false }
        times[index] = time
        values[index] = Double(bitPattern: bits)
    }
    return true
}

/// Reads a change of the distance that is not zero.
@inline(__always)
private func readDistanceChange(_ base: UnsafeRawPointer, _ position: inout Int, _ word: UInt64) -> Int64 {
    switch word >> 60 {
    case 0b1000...0b1011:
        position += 10
        return Int64(bitPattern: word << 2) >> 56
    case 0b1100, 0b1101:
        position += 17
        return Int64(bitPattern: word << 3) >> 50
    case 0b1110:
        position += 28
        return Int64(bitPattern: word << 4) >> 40
    default:
        position += 4
        return Int64(bitPattern: readWord(base, &position))
    }
}

/// Reads `count` bits, 1...64.
@inline(__always)
private func readWindow(_ base: UnsafeRawPointer, _ position: Int, _ count: UInt64) -> UInt64 {
    if count <= 57 { return peekBits(base, position) >> (64 - count) }
    var position = position
    return readWord(base, &position) >> (64 - count)
}
