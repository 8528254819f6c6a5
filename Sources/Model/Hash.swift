/// A 64-bit hash that is the same in every process and reads eight bytes at a time.
///
/// The construction is wyhash's: fold two words with a 64 × 64 → 128 bit multiplication. `Hasher` is eight times slower
/// on keys of a series' length.
/// - Source: https://github.com/wangyi-fudan/wyhash (public domain); the constants are its default secret.
///
/// Whoever chooses the bytes can make many with one hash: hash tables in memory are to use ``tableHash(_:seed:)``.
/// - Parameters:
///   - key: a secret, where there is to be one. Without it, eight bytes that are equal to a constant, or to the state
///     that they meet, make a product zero, and those beside them do not count.
/// - Complexity: linear in `bytes.count`.
@inlinable
public func hash64(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64 = 0, key: UInt64 = 0) -> UInt64 {
    let raw = UnsafeRawBufferPointer(bytes)
    var state = seed ^ 0xa076_1d64_78bd_642f
    var offset = 0
    while offset + 16 <= raw.count {
        let a = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let b = raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        state = fold(a ^ 0xe703_7ed1_a0b4_28db ^ key, b ^ state)
        offset += 16
    }
    var a: UInt64 = 0
    var b: UInt64 = 0
    if offset + 8 <= raw.count {
        a = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        offset += 8
    }
    var shift: UInt64 = 0
    while offset < raw.count {
        b |= UInt64(raw[offset]) << shift
        shift += 8
        offset += 1
    }
    state = fold(a ^ 0x8ebc_6af0_9c88_c6e3 ^ key, b ^ state)
    return fold(state ^ UInt64(truncatingIfNeeded: raw.count), 0x5899_65cc_7537_4cc3)
}

/// A hash that nobody outside this process can foresee, for hash tables in memory.
@inlinable
public func tableHash(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64 = 0) -> UInt64 {
    hash64(bytes, seed: seed ^ tableSecrets.seed, key: tableSecrets.key)
}

@usableFromInline
let tableSecrets = (seed: UInt64.random(in: .min ... .max), key: UInt64.random(in: .min ... .max))

@inlinable
func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}
