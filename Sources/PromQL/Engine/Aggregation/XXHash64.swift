/// The hash that Prometheus takes of a series' labels, which are laid out there as ``Labels/encoded`` is here.
///
/// - Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, XXH64 with seed 0.
func xxHash64(_ bytes: [UInt8]) -> UInt64 {
    let p1: UInt64 = 0x9e37_79b1_85eb_ca87
    let p2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    let p3: UInt64 = 0x1656_67b1_9e37_79f9
    let p4: UInt64 = 0x85eb_ca77_c2b2_ae63
    let p5: UInt64 = 0x27d4_eb2f_1656_67c5
    func rotate(_ x: UInt64, _ by: UInt64) -> UInt64 { x << by | x >> (64 - by) }
    func round(_ state: UInt64, _ lane: UInt64) -> UInt64 { rotate(state &+ lane &* p2, 31) &* p1 }
    return bytes.withUnsafeBytes { raw in
        func lane(_ at: Int) -> UInt64 { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
        var offset = 0
        var hash = p5
        if raw.count >= 32 {
            var state = [p1 &+ p2, p2, 0, 0 &- p1]
            while offset + 32 <= raw.count {
                for index in 0..<4 { state[index] = round(state[index], lane(offset + 8 * index)) }
                offset += 32
            }
            hash = rotate(state[0], 1) &+ rotate(state[1], 7) &+ rotate(state[2], 12) &+ rotate(state[3], 18)
            for one in state { hash = (hash ^ round(0, one)) &* p1 &+ p4 }
        }
        hash &+= UInt64(raw.count)
        while offset + 8 <= raw.count {
            hash = rotate(hash ^ round(0, lane(offset)), 27) &* p1 &+ p4
            offset += 8
        }
        if offset + 4 <= raw.count {
            let half = UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            hash = rotate(hash ^ half &* p1, 23) &* p2 &+ p3
            offset += 4
        }
        while offset < raw.count {
            hash = rotate(hash ^ UInt64(raw[offset]) &* p5, 11) &* p1
            offset += 1
        }
        hash = (hash ^ hash >> 33) &* p2
        hash = (hash ^ hash >> 29) &* p3
        return hash ^ hash >> 32
    }
}
