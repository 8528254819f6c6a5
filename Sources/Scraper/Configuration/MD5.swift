import Glibc

/// The MD5 digest of `message`, 16 bytes, for `hashmod`; not for anything that must be safe from forgery.
///
/// 1. Pad to whole blocks of 64 bytes: a one bit, zeros, and the length in bits.
/// 2. For each block, 64 rounds over four words of state, in four kinds of sixteen.
/// 3. The state, least significant byte first, is the digest.
///
/// Written here because no library that is linked anyway offers it: a whole cryptography library for one label is dear.
///
/// - Source: RFC 1321.
func md5(_ message: [UInt8]) -> [UInt8] {
    var padded = message + [0x80]
    padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
    let bits = UInt64(message.count) << 3
    padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
    for start in stride(from: 0, to: padded.count, by: 64) {
        let words = (0..<16).map { word in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(padded[start + word * 4 + $1]) << UInt32(8 * $1) }
        }
        state = zip(state, mixed(state, words)).map { $0 &+ $1 }
    }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
}

/// The state after the rounds of one block.
private func mixed(_ state: [UInt32], _ words: [UInt32]) -> [UInt32] {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    for round in 0..<64 {
        let (mix, word): (UInt32, Int) =
            switch round / 16 {
            case 0: (b & c | ~b & d, round)
            case 1: (d & b | ~d & c, (5 * round + 1) % 16)
            case 2: (b ^ c ^ d, (3 * round + 5) % 16)
            default: (c ^ (b | ~d), 7 * round % 16)
            }
        let sum = a &+ mix &+ constants[round] &+ words[word]
        let turn = rotations[round / 16][round % 4]
        (a, b, c, d) = (d, b &+ (sum << turn | sum >> (32 - turn)), b, c)
    }
    return [a, b, c, d]
}

private let rotations: [[UInt32]] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]

/// The whole parts of 2³² |sin i| for i from 1 to 64.
private let constants: [UInt32] = (1...64).map { UInt32(abs(sin(Double($0))) * 0x1p32) }
