/// Eight tables: the remainders of a byte that is followed by none to seven zero bytes.
private let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
        var rest = UInt32(byte)
        for _ in 0..<8 { rest = rest & 1 == 1 ? rest >> 1 ^ 0x82f6_3b78 : rest >> 1 }
        tables[byte] = rest
    }
    for index in 256..<tables.count {
        let before = tables[index - 256]
        tables[index] = before >> 8 ^ tables[Int(before & 255)]
    }
    return tables
}()

/// The checksum of Prometheus's files: CRC-32 with Castagnoli's polynomial, eight bytes at a time.
///
/// - Parameter seed: the checksum of the bytes before these.
/// - Source: RFC 3720, appendix B.4; M. Kounavis and F. Berry, "A Systematic Approach to Building High Performance
///   Software-Based CRC Generators", 2005, for the tables.
package func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
        var rest = ~seed
        var offset = 0
        while offset + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(rest)
            rest = 0
            for byte in 0..<8 { rest ^= tables[(7 - byte) << 8 | Int(word >> (8 * UInt64(byte)) & 255)] }
            offset += 8
        }
        while offset < bytes.count {
            rest = rest >> 8 ^ tables[Int((rest ^ UInt32(bytes[offset])) & 255)]
            offset += 1
        }
        return ~rest
    }
}
