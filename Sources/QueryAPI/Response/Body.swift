/// A body that is written in parts, so that a large answer is never held as text as a whole.
protocol ChunkedBody: Sendable {
    /// Appends the next part, about ``Limit/chunkBytes`` long or a few times that, to `out`, which is empty.
    /// - Returns: whether there is more.
    mutating func write(into out: inout [UInt8]) -> Bool
}

extension ChunkedBody {
    /// Everything in one piece.
    consuming func collect() -> [UInt8] {
        var out: [UInt8] = []
        var chunk: [UInt8] = []
        while write(into: &chunk) {
            out += chunk
            chunk.removeAll(keepingCapacity: true)
        }
        return out + chunk
    }
}
