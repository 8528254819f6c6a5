import Model

/// The checksum of stored bytes: 32 bits of a 64-bit hash.
///
/// - Parameter row: the row's number, which is part of what is summed, so that bytes in another row's place do not
///   pass.
func checksum(_ bytes: UnsafeRawBufferPointer, row: Int64) -> UInt32 {
    bytes.withMemoryRebound(to: UInt8.self) {
        UInt32(truncatingIfNeeded: hash64($0, seed: UInt64(bitPattern: row)))
    }
}
