import Model

/// An answer whose `data` is a list: names, values, or label sets.
struct ListAnswer<Element: Sendable>: ChunkedBody {
    private let elements: ArraySlice<Element>
    private let warnings: [String]
    private let append: @Sendable (inout [UInt8], Element) -> Void
    private var next: Int

    init(
        _ elements: ArraySlice<Element>, warnings: [String],
        append: @escaping @Sendable (inout [UInt8], Element) -> Void
    ) {
        self.elements = elements
        self.warnings = warnings
        self.append = append
        next = elements.startIndex
    }

    mutating func write(into out: inout [UInt8]) -> Bool {
        if next == elements.startIndex {
            Envelope.begin(&out)
            out.append("[")
        }
        while next < elements.endIndex {
            if next > elements.startIndex { out.append(UInt8(ascii: ",")) }
            append(&out, elements[next])
            next += 1
            if out.count >= Limit.chunkBytes { return true }
        }
        out.append("]")
        Envelope.end(&out, warnings: warnings)
        return false
    }
}
