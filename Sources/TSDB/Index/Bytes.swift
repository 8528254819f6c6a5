import Glibc

func equalBytes(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    guard let left = a.baseAddress, let right = b.baseAddress else { return true }
    return memcmp(left, right, a.count) == 0
}

/// Negative, zero or positive as `a` sorts before, with or after `b`: by unsigned bytes, a prefix first.
func compareBytes(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
    guard let left = a.baseAddress, let right = b.baseAddress else { return a.count - b.count }
    let order = memcmp(left, right, min(a.count, b.count))
    return order != 0 ? Int(order) : a.count - b.count
}

extension String {
    /// Calls `body` with the string's UTF-8 bytes.
    func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        var copy = self
        return copy.withUTF8(body)
    }
}
